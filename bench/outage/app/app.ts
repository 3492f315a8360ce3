import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { CONTENDERS } from '../contenders.ts';
import { PeerStack } from './peer-stack.ts';
import { SpillwayStack } from './spillway-stack.ts';

const app = new App();
const { contender, ...props } = z
  .object({ contender: z.enum(CONTENDERS), scale: z.number(), trackerUrl: z.string() })
  .parse({
    contender: app.node.tryGetContext('contender'),
    scale: app.node.tryGetContext('scale'),
    trackerUrl: app.node.tryGetContext('trackerUrl'),
  });
if (contender === 'spillway') new SpillwayStack(app, 'Spillway', props);
else new PeerStack(app, 'Peer', { ...props, contender });
app.synth();
