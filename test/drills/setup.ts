import { requireCluster } from '../e2e/deployment';

export default requireCluster;
