import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The page under a strict CSP: nothing inline, no polyfill that would be, every asset a file of its own. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    outDir: fileURLToPath(new URL('../../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // two pages: the live one loads of history only what tells how old Gold is
    rollupOptions: {
      input: ['index.html', 'history.html'].map((name) => fileURLToPath(new URL(name, import.meta.url))),
    },
  },
});
