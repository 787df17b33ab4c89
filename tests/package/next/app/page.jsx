'use client';

import { createPkce, planScopes } from 'mcp-oauth-wasm';
import { useEffect, useState } from 'react';
import { use } from './use.js';

export default function Page() {
  const [said, say] = useState('');
  useEffect(() => {
    use({ createPkce, planScopes }).then(say, (error) => say(String(error)));
  }, []);
  return said;
}
