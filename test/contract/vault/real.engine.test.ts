import { startVault } from '../../support/engines/vault.ts';
import { describeVaultContract } from './suite.ts';

describeVaultContract('the real Vault', () => startVault());
