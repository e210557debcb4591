/* The direct limits: rows that are ready in memory, sent to the server as fast as it takes them.
 *
 * direct METHOD CONNECTIONS PORT PASSWORD FILE
 *
 * METHOD is bulk (MariaDB's bulk execute, BATCH rows a call), prepared (multi-row INSERT of STATEMENT rows), or load (LOAD
 * DATA LOCAL of BATCH rows). Whatever the method, a transaction has BATCH rows. FILE has one row a line, columns separated by
 * 0x1F. At last it says how long the sending took and how much CPU time it had. Built by benches/compare/run. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <mysql.h>

enum { BATCH = 5000, STATEMENT = 500, COLUMNS = 9, ACTOR = 2 };

#define TABLE "telemetry_traces"
#define NAMES "event_key,severity,actor_admin_id,ip_address,user_agent,route_name,request_id,metadata,created_at"
#define PLACES "(?,?,?,?,?,?,?,?,?)"

typedef struct {
    char *column[COLUMNS];
    unsigned long length[COLUMNS];
    int actor;
} Row;

static Row *rows;
static size_t row_count;
static char *text;
static size_t text_length;
static atomic_size_t next_batch;
static const char *method, *password;
static unsigned port;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "direct: %s: %s\n", what, why);
    exit(1);
}

static void read_rows(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("cannot open", path);
    fseek(file, 0, SEEK_END);
    text_length = (size_t)ftell(file);
    rewind(file);
    text = malloc(text_length + 1);
    if (!text || fread(text, 1, text_length, file) != text_length) fail("cannot read", path);
    text[text_length] = 0;
    fclose(file);
    for (size_t i = 0; i < text_length; i++) row_count += text[i] == '\n';
    rows = calloc(row_count, sizeof *rows);
    if (!rows) fail("no memory for", path);
    char *at = text;
    for (size_t i = 0; i < row_count; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            char *end = at + strcspn(at, c == COLUMNS - 1 ? "\n" : "\x1f");
            rows[i].column[c] = at;
            rows[i].length[c] = (unsigned long)(end - at);
            at = end + 1;
        }
        rows[i].actor = atoi(rows[i].column[ACTOR]);
    }
}

static void begin(MYSQL *connection) {
    if (mysql_query(connection, "START TRANSACTION")) fail("START TRANSACTION", mysql_error(connection));
}

static void commit(MYSQL *connection) {
    if (mysql_commit(connection)) fail("COMMIT", mysql_error(connection));
}

static MYSQL_STMT *prepare(MYSQL *connection, size_t count) {
    size_t size = sizeof "INSERT INTO " TABLE " (" NAMES ") VALUES " + count * sizeof(PLACES ",");
    char *sql = malloc(size);
    strcpy(sql, "INSERT INTO " TABLE " (" NAMES ") VALUES ");
    char *at = sql + strlen(sql);
    for (size_t i = 0; i < count; i++) at += sprintf(at, i ? "," PLACES : PLACES);
    MYSQL_STMT *statement = mysql_stmt_init(connection);
    if (!statement || mysql_stmt_prepare(statement, sql, strlen(sql))) fail("prepare", mysql_error(connection));
    free(sql);
    return statement;
}

static void execute(MYSQL_STMT *statement, MYSQL_BIND *bind) {
    if (mysql_stmt_bind_param(statement, bind)) fail("bind", mysql_stmt_error(statement));
    if (mysql_stmt_execute(statement)) fail("execute", mysql_stmt_error(statement));
}

static void bulk(MYSQL *connection, MYSQL_STMT *statement, size_t from, size_t to) {
    static __thread char *values[COLUMNS][BATCH];
    static __thread unsigned long lengths[COLUMNS][BATCH];
    static __thread int actors[BATCH];
    unsigned count = (unsigned)(to - from);
    MYSQL_BIND bind[COLUMNS];
    memset(bind, 0, sizeof bind);
    for (int c = 0; c < COLUMNS; c++) {
        for (unsigned i = 0; i < count; i++) {
            values[c][i] = rows[from + i].column[c];
            lengths[c][i] = rows[from + i].length[c];
            actors[i] = rows[from + i].actor;
        }
        bind[c].buffer_type = c == ACTOR ? MYSQL_TYPE_LONG : MYSQL_TYPE_STRING;
        bind[c].buffer = c == ACTOR ? (void *)actors : (void *)values[c];
        bind[c].length = lengths[c];
    }
    if (mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &count)) fail("array size", mysql_stmt_error(statement));
    begin(connection);
    execute(statement, bind);
    commit(connection);
}

static void multi_row(MYSQL_STMT *statement, size_t from, size_t count) {
    MYSQL_BIND *bind = calloc(count * COLUMNS, sizeof *bind);
    for (size_t i = 0; i < count; i++) {
        Row *row = &rows[from + i];
        for (int c = 0; c < COLUMNS; c++) {
            MYSQL_BIND *place = &bind[i * COLUMNS + (size_t)c];
            place->buffer_type = c == ACTOR ? MYSQL_TYPE_LONG : MYSQL_TYPE_STRING;
            place->buffer = c == ACTOR ? (void *)&row->actor : row->column[c];
            place->length = &row->length[c];
        }
    }
    execute(statement, bind);
    free(bind);
}

/* What LOAD DATA reads: a piece of the text. */
typedef struct {
    char *at;
    size_t left;
} Piece;

static int infile_init(void **data, const char *name, void *user) {
    (void)name;
    *data = user;
    return 0;
}

static int infile_read(void *data, char *buffer, unsigned size) {
    Piece *piece = data;
    size_t count = piece->left < size ? piece->left : size;
    memcpy(buffer, piece->at, count);
    piece->at += count;
    piece->left -= count;
    return (int)count;
}

static void infile_end(void *data) { (void)data; }

static int infile_error(void *data, char *message, unsigned size) {
    (void)data;
    snprintf(message, size, "cannot be read");
    return 1;
}

static void load(MYSQL *connection, size_t from, size_t to) {
    char *end = to == row_count ? text + text_length : rows[to].column[0];
    Piece piece = {rows[from].column[0], (size_t)(end - rows[from].column[0])};
    mysql_set_local_infile_handler(connection, infile_init, infile_read, infile_end, infile_error, &piece);
    if (mysql_query(connection, "LOAD DATA LOCAL INFILE 'rows' INTO TABLE " TABLE
                                " CHARACTER SET utf8mb4 FIELDS TERMINATED BY x'1f' ESCAPED BY '' (" NAMES ")"))
        fail("LOAD DATA", mysql_error(connection));
    if (mysql_warning_count(connection)) fail("LOAD DATA", "the server bent a value");
}

static void *work(void *unused) {
    (void)unused;
    mysql_thread_init();
    MYSQL *connection = mysql_init(NULL);
    unsigned local_infile = 1;
    mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &local_infile);
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(connection, "127.0.0.1", "bench", password, "app", port, NULL, 0))
        fail("connect", mysql_error(connection));
    MYSQL_STMT *one = strcmp(method, "bulk") ? NULL : prepare(connection, 1);
    MYSQL_STMT *many = strcmp(method, "prepared") ? NULL : prepare(connection, STATEMENT);
    for (;;) {
        size_t from = atomic_fetch_add(&next_batch, 1) * BATCH;
        if (from >= row_count) break;
        size_t to = from + BATCH < row_count ? from + BATCH : row_count;
        if (one) {
            bulk(connection, one, from, to);
        } else if (many) {
            begin(connection);
            for (size_t at = from; at < to; at += STATEMENT) {
                size_t count = to - at < STATEMENT ? to - at : STATEMENT;
                MYSQL_STMT *statement = count == STATEMENT ? many : prepare(connection, count);
                multi_row(statement, at, count);
                if (statement != many) mysql_stmt_close(statement);
            }
            commit(connection);
        } else {
            load(connection, from, to);
        }
    }
    if (one) mysql_stmt_close(one);
    if (many) mysql_stmt_close(many);
    mysql_close(connection);
    mysql_thread_end();
    return NULL;
}

static double wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double busy(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
    if (count != 6) fail("usage", "direct METHOD CONNECTIONS PORT PASSWORD FILE");
    method = arguments[1];
    int connections = atoi(arguments[2]);
    port = (unsigned)atoi(arguments[3]);
    password = arguments[4];
    if (connections < 1 || connections > 64) fail("usage", "CONNECTIONS is 1 to 64");
    if (strcmp(method, "bulk") && strcmp(method, "prepared") && strcmp(method, "load")) fail("no such method", method);
    mysql_library_init(0, NULL, NULL);
    read_rows(arguments[5]);
    /* The rows are ready: what comes now is what is measured. */
    double begun = wall(), busy_before = busy();
    pthread_t threads[64];
    for (int i = 0; i < connections; i++) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < connections; i++) pthread_join(threads[i], NULL);
    printf("{\"seconds\": %.6f, \"client_cpu\": %.6f}\n", wall() - begun, busy() - busy_before);
    return 0;
}
