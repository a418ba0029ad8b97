import { bundleBin } from './bundle-bin.ts';
import { bundleClient } from './bundle-client.ts';
import { bundleConstruct } from './bundle-construct.ts';

// After tsc, which compiles the SDK and the client, and writes the types of the construct, into the same folder.
await bundleBin('dist');
await bundleClient('dist');
await bundleConstruct('dist');
