import * as docker from '@pulumi/docker';
import * as pulumi from '@pulumi/pulumi';
import { DockerMachine } from '../../../provider/sdk';
import { mebibytes } from '../../settings/sizes';
import type { Job, Workload } from '../../services/service';
import { image as catalogueImage } from '../../services/images';
import type { Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';
import type { Site } from '../one-by-one';
import type { DatabaseArgs, DatabaseServer, Placed, ServiceArgs } from '../target';
import { database } from './database';
import { job } from './job';
import { engineName, labels } from './names';
import { workload } from './workload';

/** What every part on one engine is made with. */
export interface Engine {
  /** As DOCKER_HOST says it; the environment's engine when absent. */
  readonly host: string | undefined;
  /** For resources of the Docker plugin; those of ours are told the host. */
  readonly provider: docker.Provider;
  readonly network: docker.Network;
  /** Runs our own programs, probes and helpers. */
  readonly nodeImage: docker.RemoteImage;
  readonly settings: Settings;
}

/** One Docker engine: a network of its own, and this one server. */
export class DockerSite extends pulumi.ComponentResource implements Site {
  private readonly engine: Engine;

  constructor(name: string, settings: Settings, opts: pulumi.ComponentResourceOptions) {
    super('strata:docker:Site', name, {}, opts);
    const { host } = settings.docker;
    const provider = new docker.Provider('engine', host === undefined ? {} : { host }, {
      parent: this,
    });
    const own = { parent: this, provider };
    // Nothing starts on a machine that is too small for the database: every container is in the network.
    const machine = new DockerMachine(
      'machine',
      {
        ...(host !== undefined && { host }),
        memory: mebibytes(settings.database.memory),
        setting: showKey(['database', 'memory']),
      },
      { parent: this },
    );
    this.engine = {
      host,
      provider,
      settings,
      network: new docker.Network(
        'network',
        { name: engineName('network'), driver: 'bridge', labels: labels('network') },
        { ...own, dependsOn: machine },
      ),
      nodeImage: new docker.RemoteImage(
        'image-node',
        { name: catalogueImage(settings, 'node'), keepLocally: true },
        own,
      ),
    };
    this.registerOutputs({});
  }

  database(args: DatabaseArgs, opts: pulumi.CustomResourceOptions): DatabaseServer {
    return database(this.engine, args, opts);
  }

  workload(args: ServiceArgs<Workload>, opts: pulumi.CustomResourceOptions): Placed {
    return workload(this.engine, args, opts);
  }

  job(args: ServiceArgs<Job>, opts: pulumi.CustomResourceOptions): Placed {
    return job(this.engine, args, opts);
  }
}
