/* The benchmarks' target: it answers every request with the same bytes, cheaply enough that the generator saturates first.
 *
 * Law: loopback only, one thread, no allocation per request, ends by itself. The answer is a file that target.py wrote, head
 * and body, so that what the target answers and what a synthetic recording holds cannot drift apart.
 * The subtle thing: all answers are equal, so a connection's unsent output is two numbers, how many answers it is owed and how
 * far the first of them got.
 *
 *   cc -O2 -o tinyserver tinyserver.c
 *   tinyserver --response FILE [--port N] [--seconds N] [--delay-us N] [--arrivals FILE]
 *   cc -O2 -DTLS -o tinyserver-tls tinyserver.c -lssl -lcrypto      (needs --certificate FILE and --key FILE too)
 *
 * stdout: the port at the start; {"requests": N, "connections": N, "lost": N} at the end (SIGTERM, SIGINT or --seconds).
 * --arrivals: one line per request, "CLOCK_MONOTONIC ns, space, value of X-Seq or else the request's order from 0".
 * Request bodies are read by Content-Length; chunked ones are not understood and close the connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
#endif

enum {
    CONNECTIONS = 16384,       /* a file descriptor beyond it is closed at once */
    INPUT = 65536,             /* a request head must fit */
    EVENTS = 512,
    DELAYED = 1 << 18,         /* answers waiting for their delay; one too many closes its connection */
    ARRIVALS = 1 << 22,        /* 64 MB; later ones are counted as lost */
    LONGEST_RUN_SECONDS = 90000,  /* a day and what surrounds it: soaks */
    WAKE_MS = 100              /* how late the end of the run may be noticed */
};
#define NS_PER_S 1000000000L

struct connection {
    int fd;                    /* -1 when closed */
    unsigned generation;       /* tells a delayed answer that its connection has gone */
    size_t used;               /* bytes of input held */
    uint64_t body_left;        /* of the request being read */
    unsigned owed;             /* answers due now */
    size_t sent;               /* bytes of the first owed answer already out */
    bool blocked;              /* waits for EPOLLOUT */
#ifdef TLS
    SSL *tls;
#endif
    char input[INPUT];
};
struct delayed { int64_t due; struct connection *to; unsigned generation; };
struct arrival { int64_t at; uint64_t seq; };

static struct connection *connections[CONNECTIONS];
static struct delayed delayed[DELAYED];
static uint64_t delayed_head, delayed_tail;
static struct arrival *arrivals;
static size_t arrived, lost, accepted, requests;
static const char *response;
static size_t response_size;
static int64_t delay_ns;
static int poll_fd, timer_fd, listener;
static volatile sig_atomic_t stopping;

static void stop(int signal) { (void)signal; stopping = 1; }

static void fail(const char *what) { perror(what); exit(1); }

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event e = {.events = events, .data.fd = fd};
    if (epoll_ctl(poll_fd, operation, fd, &e)) fail("epoll_ctl");
}

/* The socket's bytes, or those inside TLS: like recv and send, EAGAIN included. */
#ifdef TLS
static SSL_CTX *tls;

static ssize_t as_socket(struct connection *c, int n) {
    if (n > 0) return n;
    int why = SSL_get_error(c->tls, n);
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t get(struct connection *c, char *to, size_t size) { return as_socket(c, SSL_read(c->tls, to, size)); }

static ssize_t put(struct connection *c, const char *from, size_t size) { return as_socket(c, SSL_write(c->tls, from, size)); }

static bool has_more(struct connection *c) { return SSL_pending(c->tls) > 0; }

static void greet(struct connection *c) {
    if (!(c->tls = SSL_new(tls)) || !SSL_set_fd(c->tls, c->fd)) fail("SSL_new");
    SSL_set_accept_state(c->tls);
}

static void part(struct connection *c) { SSL_free(c->tls); }

static void prove(const char *certificate, const char *key) {
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!certificate || !key || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) fail("--certificate FILE --key FILE");
    signal(SIGPIPE, SIG_IGN);
}
#else
static ssize_t get(struct connection *c, char *to, size_t size) { return recv(c->fd, to, size, 0); }
static ssize_t put(struct connection *c, const char *from, size_t size) { return send(c->fd, from, size, MSG_NOSIGNAL); }
static bool has_more(struct connection *c) { (void)c; return false; }
static void greet(struct connection *c) { (void)c; }
static void part(struct connection *c) { (void)c; }
static void prove(const char *certificate, const char *key) { (void)certificate; (void)key; }
#endif

static void hang_up(struct connection *c) {
    part(c);
    close(c->fd);
    c->fd = -1;
    c->generation++;
}

static void flush(struct connection *c) {
    while (c->owed) {
        ssize_t n = put(c, response + c->sent, response_size - c->sent);
        if (n < 0) {
            if (errno != EAGAIN) hang_up(c);
            else if (!c->blocked) { c->blocked = true; watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT); }
            return;
        }
        c->sent += n;
        if (c->sent == response_size) { c->sent = 0; c->owed--; }
    }
    if (c->blocked) { c->blocked = false; watch(EPOLL_CTL_MOD, c->fd, EPOLLIN); }
}

static void set_timer(int64_t due) {
    struct itimerspec t = {.it_value = {due / NS_PER_S, due % NS_PER_S}};
    if (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL)) fail("timerfd_settime");
}

/* Answers whose delay is over; the delay is fixed, so the queue is in order of due time. */
static void answer_delayed(void) {
    uint64_t expirations;
    ssize_t ignored = read(timer_fd, &expirations, sizeof expirations);
    (void)ignored;
    for (int64_t t = now_ns(); delayed_head < delayed_tail; delayed_head++) {
        struct delayed *d = &delayed[delayed_head % DELAYED];
        if (d->due > t) { set_timer(d->due); return; }
        if (d->to->fd >= 0 && d->to->generation == d->generation) { d->to->owed++; flush(d->to); }
    }
}

static void answer(struct connection *c, int64_t at) {
    if (!delay_ns) { c->owed++; return; }
    if (delayed_tail - delayed_head == DELAYED) { hang_up(c); return; }
    delayed[delayed_tail % DELAYED] = (struct delayed){at + delay_ns, c, c->generation};
    if (delayed_head == delayed_tail++) set_timer(at + delay_ns);
}

static void note_arrival(int64_t at, uint64_t seq) {
    if (!arrivals) return;
    if (arrived == ARRIVALS) { lost++; return; }
    arrivals[arrived++] = (struct arrival){at, seq};
}

static bool is_header(const char *line, size_t size, const char *name) {
    size_t n = strlen(name);
    return size > n && !strncasecmp(line, name, n);
}

/* One request head, `end` at its empty line. False: something this server does not understand. */
static bool take_head(struct connection *c, const char *line, const char *end, int64_t at) {
    uint64_t seq = requests++;
    while ((line = memchr(line, '\n', end - line))) {
        size_t size = end - ++line;
        if (is_header(line, size, "content-length:")) c->body_left = strtoull(line + 15, NULL, 10);
        else if (is_header(line, size, "x-seq:")) seq = strtoull(line + 6, NULL, 10);
        else if (is_header(line, size, "transfer-encoding:")) return false;
    }
    note_arrival(at, seq);
    return true;
}

static void take_requests(struct connection *c, int64_t at) {
    char *next = c->input, *end = c->input + c->used;
    while (c->fd >= 0) {
        if (c->body_left) {
            size_t n = c->body_left < (uint64_t)(end - next) ? c->body_left : (uint64_t)(end - next);
            next += n;
            c->body_left -= n;
            if (c->body_left) break;
            answer(c, at);
            continue;
        }
        char *blank = memmem(next, end - next, "\r\n\r\n", 4);
        if (!blank) break;
        if (!take_head(c, next, blank, at)) { hang_up(c); return; }
        next = blank + 4;
        if (!c->body_left) answer(c, at);
    }
    c->used = end - next;
    if (c->used && next != c->input) memmove(c->input, next, c->used);
}

static void readable(struct connection *c) {
    do {
        if (c->used == INPUT) { hang_up(c); return; }
        ssize_t n = get(c, c->input + c->used, INPUT - c->used);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) { hang_up(c); return; }
        c->used += n;
        take_requests(c, now_ns());
    } while (c->fd >= 0 && has_more(c));
    if (c->fd >= 0 && c->owed) flush(c);
}

static void welcome(void) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= CONNECTIONS) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = connections[fd];
        if (!c && !(c = connections[fd] = calloc(1, sizeof *c))) fail("calloc");
        c->fd = fd;
        c->used = c->sent = 0;
        c->body_left = c->owed = 0;
        c->blocked = false;
        greet(c);
        accepted++;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void handle(struct epoll_event *e) {
    if (e->data.fd == listener) { welcome(); return; }
    if (e->data.fd == timer_fd) { answer_delayed(); return; }
    struct connection *c = connections[e->data.fd];
    if (c->fd >= 0 && (e->events & EPOLLOUT)) flush(c);
    if (c->fd >= 0 && (e->events & ~EPOLLOUT)) readable(c);
}

static void serve(int64_t end) {
    struct epoll_event events[EVENTS];
    while (!stopping && now_ns() < end) {
        int n = epoll_wait(poll_fd, events, EVENTS, WAKE_MS);
        for (int i = 0; i < n; i++) handle(&events[i]);
    }
}

static int listen_on(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int one = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) fail("bind");
    if (getsockname(listener, (struct sockaddr *)&at, &size)) fail("getsockname");
    return ntohs(at.sin_port);
}

static void load_response(const char *path) {
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (!f || fseek(f, 0, SEEK_END)) fail("--response FILE");
    response_size = ftell(f);
    rewind(f);
    char *bytes = malloc(response_size);
    if (!bytes || !response_size || fread(bytes, 1, response_size, f) != response_size) fail("--response FILE");
    fclose(f);
    response = bytes;
}

static void write_arrivals(FILE *f) {
    for (size_t i = 0; i < arrived; i++) fprintf(f, "%lld %llu\n", (long long)arrivals[i].at, (unsigned long long)arrivals[i].seq);
    if (fclose(f)) fail("--arrivals FILE");
}

static void raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files)) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int main(int count, char **words) {
    static const struct option options[] = {{"response", 1, 0, 'r'}, {"port", 1, 0, 'p'}, {"seconds", 1, 0, 's'},
                                            {"delay-us", 1, 0, 'd'}, {"arrivals", 1, 0, 'a'},
                                            {"certificate", 1, 0, 'c'}, {"key", 1, 0, 'k'}, {0, 0, 0, 0}};
    const char *answer_file = NULL, *arrivals_file = NULL, *certificate = NULL, *key = NULL;
    long port = 0, seconds = 60;
    for (int o; (o = getopt_long(count, words, "", options, NULL)) != -1;) {
        if (o == 'r') answer_file = optarg;
        else if (o == 'p') port = atol(optarg);
        else if (o == 's') seconds = atol(optarg);
        else if (o == 'd') delay_ns = atol(optarg) * 1000;
        else if (o == 'a') arrivals_file = optarg;
        else if (o == 'c') certificate = optarg;
        else if (o == 'k') key = optarg;
        else return 2;
    }
    if (seconds > LONGEST_RUN_SECONDS) seconds = LONGEST_RUN_SECONDS;
    load_response(answer_file);
    prove(certificate, key);
    FILE *arrivals_out = arrivals_file ? fopen(arrivals_file, "w") : NULL;
    if (arrivals_file && (!arrivals_out || !(arrivals = calloc(ARRIVALS, sizeof *arrivals)))) fail("--arrivals FILE");
    struct sigaction on_stop = {.sa_handler = stop};
    sigaction(SIGTERM, &on_stop, NULL);
    sigaction(SIGINT, &on_stop, NULL);
    raise_file_limit();

    poll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int bound = listen_on(port);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    watch(EPOLL_CTL_ADD, timer_fd, EPOLLIN);
    printf("%d\n", bound);
    fflush(stdout);
    serve(now_ns() + seconds * NS_PER_S);
    if (arrivals_out) write_arrivals(arrivals_out);
    printf("{\"requests\": %zu, \"connections\": %zu, \"lost\": %zu}\n", requests, accepted, lost);
    return 0;
}
