/** How the web application is bundled: into dist/ui, served below /ui/ by the sidecar. */
import { fileURLToPath } from 'node:url';
import optimizeLocales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/ui/',
  plugins: [react(), { ...optimizeLocales.vite({ locales: ['en-US'] }), enforce: 'pre' }],
  // The page's policy allows no data: and no inline script: everything is a file of its own.
  build: {
    // Before compression; the tests limit what is sent.
    chunkSizeWarningLimit: 900,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    reportCompressedSize: false,
    // On a busy machine it would speak of slow plugins at each start.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
});
