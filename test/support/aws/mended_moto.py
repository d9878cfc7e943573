"""Starts moto's server, as the lab's program does, with further faults mended.
Usage: python mended_moto.py LAB_PROGRAM -H 127.0.0.1 -p 5000"""
import runpy
import sys
import threading

lab = runpy.run_path(sys.argv[1])

from moto.ec2.models.instances import Instance  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication  # noqa: E402
from moto.rds.models import DBInstance  # noqa: E402

dispatch = DomainDispatcherApplication.__call__
turn = threading.Lock()


def in_turn(self, *args):
    """Each request has a thread, but what it walks through may not change meanwhile: that ended in an error 500."""
    with turn:
        return dispatch(self, *args)


DomainDispatcherApplication.__call__ = in_turn

terminate = Instance.terminate


def with_its_interface(self, *args, **kwargs):
    """A server's own network interface goes with it, as on AWS, and its address is free for the next one."""
    for nic in self.nics.values():
        nic.delete_on_termination = True
    return terminate(self, *args, **kwargs)


Instance.terminate = with_its_interface

create = DBInstance.__init__


def with_its_insights(self, *args, **kwargs):
    """A database remembers by which key its figures are encrypted, as on AWS."""
    create(self, *args, **kwargs)
    for name, value in kwargs.items():
        if name.startswith("performance_insights"):
            setattr(self, name, value)


DBInstance.__init__ = with_its_insights

if __name__ == "__main__":
    lab["main"](sys.argv[2:])
