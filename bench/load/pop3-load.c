/*
 * A POP3 load generator: one process, epoll, so cheap that the server is the bottleneck.
 * Usage: pop3-load PORT MODE SECONDS WARM-UP DEPTH PASSWORD USER... (one session for each USER, at the same time)
 *
 *   login   USER, PASS, STAT, QUIT, over and over; the latency is from connect to the STAT answer
 *   retr    one login, then RETR of all messages in turn, over and over, DEPTH of them under way at once
 *   empty   RETR and DELE of every message, then QUIT; once, whatever SECONDS says
 *   reader  the same over and over; a maildrop that was empty is asked again 100 ms later
 *
 * Any reply but +OK, and any session that breaks, ends it with status 1 and a word on standard error.
 * The result is one JSON object; latencies are milliseconds. What happens during WARM-UP counts in "total" alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 262144
#define WINDOW 1.0
#define IDLE_PAUSE 0.1

enum state { WAITING, GREETING, USER, PASS, STAT, RETR, DELE, QUIT, CLOSING, DONE };
enum mode { LOGIN, RETRIEVE, EMPTY, READER };

struct session {
  int fd;
  enum state state;
  const char *user;
  int in_body;
  long messages, next, outstanding;
  double since, wake;
  size_t held;
  char *buffer;
};

static enum mode mode;
static int poller, port, depth, running;
static const char *password;
static double begin, warm, end;
static long total, count, octets;
static float *latency;
static long latencies, capacity, window_start;
static double window_end;
static char *windows;
static size_t windows_length;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "pop3-load: %s: %.200s\n", what, detail);
  exit(1);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The nearest rank, as in measure/statistics.ts. */
static double rank(const float *sorted, long n, double share) {
  long at = (long)(n * share + 0.999999);
  if (n == 0) return 0;
  return sorted[(at < 1 ? 1 : at > n ? n : at) - 1];
}

static void close_window(void) {
  long n = latencies - window_start;
  float *copy = malloc((n + 1) * sizeof *copy);
  memcpy(copy, latency + window_start, n * sizeof *copy);
  qsort(copy, n, sizeof *copy, ascending);
  windows = realloc(windows, windows_length + 200);
  windows_length += sprintf(windows + windows_length, "%s{\"atSeconds\":%.1f,\"count\":%ld,\"p50\":%.3f,\"p99\":%.3f}",
                            windows_length ? "," : "", window_end - warm, n, rank(copy, n, 0.5), rank(copy, n, 0.99));
  free(copy);
  window_start = latencies;
  window_end += WINDOW;
}

static void completed(double since) {
  double at = now();
  total++;
  if (at < warm || (mode != EMPTY && at >= end)) return;
  while (at >= window_end) close_window();
  count++;
  if (latencies == capacity) latency = realloc(latency, (capacity = capacity ? capacity * 2 : 65536) * sizeof *latency);
  latency[latencies++] = (float)((at - since) * 1000);
}

static void say(struct session *s, const char *text, size_t length) {
  if (write(s->fd, text, length) != (ssize_t)length) fail("write", strerror(errno));
}

static void command(struct session *s, enum state next, const char *verb, const char *argument) {
  char line[512];
  int length = snprintf(line, sizeof line, "%s%s\r\n", verb, argument);
  s->state = next;
  say(s, line, length);
}

static void begin_session(struct session *s) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
  int on = 1;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->since = now();
  s->state = GREETING;
  s->held = s->in_body = s->next = s->outstanding = 0;
  s->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect", strerror(errno));
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_ctl(poller, EPOLL_CTL_ADD, s->fd, &event);
}

static int time_is_up(void) { return mode != EMPTY && now() >= end; }

/* As many RETRs as may be under way, in one write. */
static void retrieve(struct session *s) {
  char lines[8192];
  int length = 0;
  if (time_is_up()) {
    if (s->outstanding == 0) command(s, QUIT, "QUIT", "");
    return;
  }
  if (s->outstanding > depth / 2) return;
  for (; s->outstanding < depth; s->outstanding++) {
    length += sprintf(lines + length, "RETR %ld\r\n", s->next + 1);
    s->next = (s->next + 1) % s->messages;
  }
  s->state = RETR;
  s->since = now();
  say(s, lines, length);
}

static void next_removal(struct session *s) {
  char number[24];
  if (s->next == s->messages) {
    command(s, QUIT, "QUIT", "");
    return;
  }
  s->next++;
  s->since = now();
  sprintf(number, " %ld", s->next);
  command(s, RETR, "RETR", number);
}

static void opened(struct session *s, const char *line) {
  s->messages = atol(line + 4);
  if (mode == LOGIN) {
    completed(s->since);
    command(s, QUIT, "QUIT", "");
  } else if (mode == RETRIEVE) {
    if (s->messages == 0) fail("nothing to retrieve", s->user);
    retrieve(s);
  } else next_removal(s);
}

static void body_ended(struct session *s) {
  char number[24];
  completed(s->since);
  if (mode == RETRIEVE) {
    s->outstanding--;
    retrieve(s);
  } else {
    sprintf(number, " %ld", s->next);
    command(s, DELE, "DELE", number);
  }
}

static void reply(struct session *s, const char *line) {
  if (strncmp(line, "+OK", 3) != 0) fail(s->user, line);
  switch (s->state) {
  case GREETING: command(s, USER, "USER ", s->user); break;
  case USER: command(s, PASS, "PASS ", password); break;
  case PASS: command(s, STAT, "STAT", ""); break;
  case STAT: opened(s, line); break;
  case RETR: s->in_body = 1; break;
  case DELE: next_removal(s); break;
  case QUIT: s->state = CLOSING; break;
  default: fail("a reply too many", line);
  }
}

static void ended(struct session *s) {
  if (s->state != CLOSING) fail("the server closed", s->user);
  close(s->fd);
  if (mode == EMPTY || mode == RETRIEVE || time_is_up()) {
    s->state = DONE;
    running--;
  } else if (mode == READER && s->messages == 0) {
    s->state = WAITING;
    s->wake = now() + IDLE_PAUSE;
  } else begin_session(s);
}

static void arrived(struct session *s) {
  ssize_t got = read(s->fd, s->buffer + s->held, BUFFER - s->held - 1);
  char *line = s->buffer, *stop, *newline;
  if (got < 0) fail("read", strerror(errno));
  if (got == 0) {
    ended(s);
    return;
  }
  stop = s->buffer + s->held + got;
  *stop = 0;
  while ((newline = memchr(line, '\n', stop - line)) != NULL) {
    size_t length = newline + 1 - line;
    if (!s->in_body) reply(s, line);
    else if (length == 3 && memcmp(line, ".\r\n", 3) == 0) {
      s->in_body = 0;
      body_ended(s);
    } else octets += length;
    line = newline + 1;
  }
  s->held = stop - line;
  if (s->held == BUFFER - 1) fail("a line too long", s->user);
  memmove(s->buffer, line, s->held);
}

static void wake(struct session *sessions, int n) {
  for (int at = 0; at < n; at++)
    if (sessions[at].state == WAITING && now() >= sessions[at].wake) {
      if (time_is_up()) {
        sessions[at].state = DONE;
        running--;
      } else begin_session(&sessions[at]);
    }
}

static void print_result(void) {
  double finished = now();
  double seconds = (mode == EMPTY || finished < end ? finished : end) - warm;
  if (latencies > window_start) close_window();
  qsort(latency, latencies, sizeof *latency, ascending);
  printf("{\"total\":%ld,\"count\":%ld,\"seconds\":%.6f,\"octets\":%ld,\"p50\":%.4f,\"p99\":%.4f,\"p999\":%.4f,\"windows\":[%s]}\n",
         total, count, seconds, octets, rank(latency, latencies, 0.5), rank(latency, latencies, 0.99),
         rank(latency, latencies, 0.999), windows ? windows : "");
}

int main(int argc, char **argv) {
  static const char *const names[] = {"login", "retr", "empty", "reader"};
  struct epoll_event events[256];
  struct session *sessions;
  int mode_at = 0;
  if (argc < 8) fail("usage", "PORT MODE SECONDS WARM-UP DEPTH PASSWORD USER...");
  while (mode_at < 4 && strcmp(argv[2], names[mode_at]) != 0) mode_at++;
  if (mode_at == 4) fail("no such mode", argv[2]);
  mode = (enum mode)mode_at;
  port = atoi(argv[1]);
  depth = atoi(argv[5]);
  if (depth < 1 || depth > 256) fail("DEPTH", "1 to 256");
  password = argv[6];
  running = argc - 7;
  begin = now();
  warm = begin + atof(argv[4]);
  end = warm + atof(argv[3]);
  window_end = warm + WINDOW;
  poller = epoll_create1(0);
  sessions = calloc(running, sizeof *sessions);
  for (int at = 0, all = running; at < all; at++) {
    sessions[at].user = argv[7 + at];
    sessions[at].buffer = malloc(BUFFER);
    begin_session(&sessions[at]);
  }
  while (running > 0) {
    int n = epoll_wait(poller, events, 256, 20);
    for (int at = 0; at < n; at++) arrived(events[at].data.ptr);
    if (mode == READER) wake(sessions, argc - 7);
  }
  print_result();
  return 0;
}
