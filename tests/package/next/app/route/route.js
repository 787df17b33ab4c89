import { createPkce, planScopes } from 'mcp-oauth-wasm';
import { use } from '../use.js';

export const dynamic = 'force-dynamic';

export async function GET() {
  return new Response(await use({ createPkce, planScopes }));
}
