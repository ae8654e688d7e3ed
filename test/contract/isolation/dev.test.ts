import { startSystems } from '../../support/world.ts';
import { describeIsolation } from './suite.ts';

describeIsolation('the development Vault', startSystems);
