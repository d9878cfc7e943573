import json
import logging
import os
import time

from gunicorn.glogging import Logger

bind = f"{os.environ.get('HOST', '0.0.0.0')}:{os.environ.get('PORT', '8001')}"
worker_class = "gthread"
threads = 8
# What is under way when SIGTERM arrives has this many seconds to finish.
graceful_timeout = 9
# The only place that can be written to.
worker_tmp_dir = "/tmp"
control_socket_disable = True


class JsonLines(logging.Formatter):
    def format(self, record):
        return json.dumps({"time": time.time(), "level": record.levelname.lower(), "message": super().format(record)})


class JsonLogger(Logger):
    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


logger_class = JsonLogger
