// PM2: `npx pm2 start ecosystem.config.js`, from any directory. One supervisor in fork mode; it forks its own workers and store.
import { join } from 'node:path';

const root = import.meta.dirname;

export const apps = [
  {
    name: 'pennypost',
    cwd: root, // where pennypost.toml is, and mail.db unless another is named
    script: join(root, 'dist/src/main.js'),
    args: 'serve',
    exec_mode: 'fork',
    wait_ready: true, // 'ready' comes when every worker listens
    listen_timeout: 30_000,
    kill_timeout: 15_000, // above --drain-timeout, so that sessions may finish
    treekill: false, // the supervisor ends its processes itself, in order
    restart_delay: 500,
    ignore_watch: ['!(dist|pennypost.toml)'], // with --watch: the program and its configuration, never the mail
  },
];
