import { startVault } from '../../support/engines/vault.ts';
import { startSystemsWith } from '../../support/world.ts';
import { describeAudit } from './suite.ts';

describeAudit('the real Vault', () => startSystemsWith(() => startVault()));
