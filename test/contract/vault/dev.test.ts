import { startDevVault } from '../../../src/dev/vault/server.ts';
import { describeVaultContract } from './suite.ts';

describeVaultContract('the development Vault', () => startDevVault(), { isWhole: false });
