import { bundleBin } from './bundle-bin.ts';
import { bundleConstruct } from './bundle-construct.ts';

// After tsc, which compiles the SDK, and writes the types of the construct, into the same folder.
await bundleBin('dist');
await bundleConstruct('dist');
