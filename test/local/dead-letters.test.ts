import { MemoryStore } from '../../functions/local/memory-store.ts';
import { StoredDeadLetters } from '../../functions/local/stored-dead-letters.ts';
import { deadLettersContract } from '../contract/ports/dead-letters.ts';

deadLettersContract(
  'dead letters in the store',
  async (clock) => new StoredDeadLetters(new MemoryStore(), clock),
);
