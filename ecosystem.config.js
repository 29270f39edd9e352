// PM2: `npx pm2 start ecosystem.config.js`. One supervisor in fork mode; it forks its own workers and store.
export const apps = [
  {
    name: 'pennypost',
    script: 'dist/src/main.js',
    args: 'serve',
    exec_mode: 'fork',
    wait_ready: true, // 'ready' comes when every worker listens
    listen_timeout: 30_000,
    kill_timeout: 15_000, // above --drain-timeout, so that sessions may finish
    treekill: false, // the supervisor ends its processes itself, in order
    restart_delay: 500,
  },
];
