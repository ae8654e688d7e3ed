import { startVault } from '../../support/engines/vault.ts';
import { startSystemsWith } from '../../support/world.ts';
import { describeIsolation } from './suite.ts';

describeIsolation('the real Vault', () => startSystemsWith(() => startVault()));
