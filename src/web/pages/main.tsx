/** The page: one document, whose parts follow its URL (place.ts). */
import { render } from 'preact';
import { App } from './app.js';

const root = document.getElementById('page');
if (root !== null) render(<App />, root);
