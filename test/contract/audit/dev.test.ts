import { startSystems } from '../../support/world.ts';
import { describeAudit } from './suite.ts';

describeAudit('the development Vault', startSystems);
