import { createMemoryStore } from '../../js/store/memory_store.js';
import { testStoreContract } from './store_contract.js';

testStoreContract('memory store', createMemoryStore);
