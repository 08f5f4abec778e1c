/* LaminarDB in your program: the C interface (C99).
 *
 * Errors. A function that can fail returns NULL when all went well and otherwise a laminar_error the caller frees. Its
 * outputs are then NULL or zero. A NULL handle is answered with an error, and by functions that return a value with
 * zero or NULL; free functions take NULL. Nothing is thrown.
 * Ownership. What a function gives through a `**out` belongs to the caller, who frees it with the function of that
 * name. A `const char*` result belongs to the handle it came from. The database ends when it is closed and everything
 * made from it is freed, in any order.
 * Threads. A database may be used by many threads at once. A connection, result, batch or appender is used by one
 * thread at a time; different ones may be used at the same time. laminar_interrupt may be called from any thread.
 * Text. UTF-8. Times are microseconds since 1970-01-01T00:00:00Z.
 */
#ifndef LAMINAR_LAMINAR_H
#define LAMINAR_LAMINAR_H

#include <stddef.h>
#include <stdint.h>

#ifndef LAMINAR_API
#if defined(__GNUC__)
#define LAMINAR_API __attribute__((visibility("default")))
#define LAMINAR_CHECKED __attribute__((visibility("default"), warn_unused_result))
#else
#define LAMINAR_API
#define LAMINAR_CHECKED
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Arrow's C Data and C Stream Interface; define the same as everybody's (see laminar/arrow.h). */
struct ArrowSchema;
struct ArrowArray;
struct ArrowArrayStream;

typedef struct laminar_database laminar_database;
typedef struct laminar_connection laminar_connection;
typedef struct laminar_result laminar_result;
typedef struct laminar_batch laminar_batch;
typedef struct laminar_appender laminar_appender;
typedef struct laminar_subscription laminar_subscription;
typedef struct laminar_progress laminar_progress;
typedef struct laminar_error laminar_error;

#define LAMINAR_VERSION "0.1.0" /* of this header */
LAMINAR_API const char* laminar_version(void); /* of the library the program runs with */

/* --- errors --------------------------------------------------------------------------------------------------- */

/* The stable code ("LDB-A001"; docs/reference/errors.md lists them) and the SQLSTATE ("42P01"). */
LAMINAR_API const char* laminar_error_code(const laminar_error* error);
LAMINAR_API const char* laminar_error_sqlstate(const laminar_error* error);
/* What was being done and what was found; the hint says what would help and may be "". */
LAMINAR_API const char* laminar_error_message(const laminar_error* error);
LAMINAR_API const char* laminar_error_hint(const laminar_error* error);
/* Where in the SQL text, counted from 1, columns in bytes; 0: nowhere. */
LAMINAR_API uint32_t laminar_error_line(const laminar_error* error);
LAMINAR_API uint32_t laminar_error_column(const laminar_error* error);
LAMINAR_API const char* laminar_error_text(const laminar_error* error); /* all of it in one line */
LAMINAR_API void laminar_error_free(laminar_error* error);

/* --- databases and connections -------------------------------------------------------------------------------- */

enum {
  LAMINAR_THREADED = 0, /* one thread of its own reads the sources */
  LAMINAR_INLINE = 1    /* no thread: laminar_run_until_idle, reading a result and WAIT FOR advance the sources */
};

typedef struct laminar_options {
  size_t struct_size; /* sizeof(laminar_options): later versions add fields at the end, older programs go on to work */
  int threading;      /* LAMINAR_THREADED or LAMINAR_INLINE; results are the same */
  int arrow_text_offsets; /* 1: Arrow texts leave with 32-bit offsets, copied, for readers without view types */
  const char* path;   /* the folder of a database on disk, made if it is missing; NULL or "": in memory */
  int worker_cores;   /* for the keyed parts of views, 1 to 64; 0: what the machine and its limits allow; inline: one */
  const char* cpu_pinning; /* a cpu for each thread: "on", "isolated" or a list like "2-5,8"; NULL or "": none */
  uint64_t state_memory_bytes; /* for all state, from 1 MiB on; beyond it goes to disk. 0: 80 % of what there is */
  const char* spill_directory; /* a folder, where to; NULL or "": the database's, in memory that of temporary files */
  int allow_lost_sinks; /* 1: a sink that cannot go on where it was has failed for good; 0: it is not opened */
} laminar_options;

/* options NULL: in memory, threaded. A folder is open once at a time: LDB-S008 names the process that has it. */
LAMINAR_CHECKED laminar_error* laminar_open(const laminar_options* options, laminar_database** out);
/* Gives the handle back. The database itself ends, and its folder is free, with the last connection, result, appender
 * and subscription. */
LAMINAR_API void laminar_close(laminar_database* database);
typedef struct laminar_recovery {
  uint64_t epoch;               /* the state is that of this epoch */
  uint64_t checkpoint_id;       /* it was taken from; 0: none */
  uint64_t log_epochs;          /* replayed from the log after it; 0: it was closed in order */
  uint64_t bytes_cut;           /* of a write at the log's end that was not finished, and never acknowledged */
  uint64_t checkpoints_skipped; /* damaged */
  int64_t micros;               /* it took */
  int is_new;                   /* 1: the folder was made */
} laminar_recovery;
/* What opening the folder found; NULL for a database in memory. Valid until laminar_close. */
LAMINAR_API const laminar_recovery* laminar_recovery_get(const laminar_database* database);

LAMINAR_CHECKED laminar_error* laminar_connect(laminar_database* database, laminar_connection** out);
LAMINAR_API void laminar_connection_free(laminar_connection* connection);

/* One statement; `out` may be NULL if its rows are not wanted. A failing statement has no side effect. The result may
 * outlive the connection. */
LAMINAR_CHECKED laminar_error* laminar_execute(laminar_connection* connection, const char* sql, laminar_result** out);
/* All statements of a script, in order, up to the first that fails; places in errors are those of the whole script.
 * Rows of queries in it are not read. */
LAMINAR_CHECKED laminar_error* laminar_execute_script(laminar_connection* connection, const char* sql);
/* From any thread: ends what the connection is waiting for (WAIT FOR) and reading (every open result) with LDB-R015.
 * The connection can go on to be used, its interrupted results cannot. */
LAMINAR_API void laminar_interrupt(laminar_connection* connection);

/* Inline databases: reads the sources until none has anything at the moment, or `turns_max` turns (0: no limit; a
 * source without an end never stops). `did_something` may be NULL. */
LAMINAR_CHECKED laminar_error* laminar_run_until_idle(laminar_database* database, uint64_t turns_max,
                                                      int* did_something);

/* --- results -------------------------------------------------------------------------------------------------- */

/* "CREATE SOURCE trades", "INSERT 3"; "" when there are rows. */
LAMINAR_API const char* laminar_result_message(const laminar_result* result);
/* What you should know: a default that was chosen; behind the last row, what was left out. NULL: no more of them. */
LAMINAR_API const char* laminar_result_notice(const laminar_result* result, size_t index);
LAMINAR_API int laminar_result_has_rows(const laminar_result* result);
/* 1: rows are changes with weights (-1: the row is taken back). */
LAMINAR_API int laminar_result_is_changelog(const laminar_result* result);
LAMINAR_API uint32_t laminar_result_column_count(const laminar_result* result);
/* Name and SQL type ("DECIMAL(10,2)") of a column; NULL behind the last. */
LAMINAR_API const char* laminar_result_column_name(const laminar_result* result, uint32_t column);
LAMINAR_API const char* laminar_result_column_type(const laminar_result* result, uint32_t column);
/* The schema as a struct type; the caller calls out->release. */
LAMINAR_CHECKED laminar_error* laminar_result_schema(const laminar_result* result, struct ArrowSchema* out);

/* The next rows, 1 to 1024 of them; *out is NULL at the end. Blocks until there are rows. */
LAMINAR_CHECKED laminar_error* laminar_result_next(laminar_result* result, laminar_batch** out);
/* The same without waiting: *out is NULL when there is nothing now; has_ended (may be NULL) says whether ever. */
LAMINAR_CHECKED laminar_error* laminar_result_poll(laminar_result* result, laminar_batch** out, int* has_ended);
/* All further rows as an Arrow stream, which the caller releases. The result gives its rows away: next and poll
 * answer LDB-R016 from then on, and laminar_interrupt still ends it. A changelog gets a last column
 * "laminar_weight" BIGINT. */
LAMINAR_CHECKED laminar_error* laminar_result_stream(laminar_result* result, struct ArrowArrayStream* out);
LAMINAR_API void laminar_result_free(laminar_result* result);

/* --- rows ----------------------------------------------------------------------------------------------------- */

LAMINAR_API uint32_t laminar_batch_rows(const laminar_batch* batch);
LAMINAR_API uint32_t laminar_batch_column_count(const laminar_batch* batch);
LAMINAR_API const char* laminar_batch_column_name(const laminar_batch* batch, uint32_t column);
/* One weight a row; NULL: all are +1. Valid as long as the batch. */
LAMINAR_API const int64_t* laminar_batch_weights(const laminar_batch* batch);
/* One value. Rows and columns count from 0; what lies outside is null. */
LAMINAR_API int laminar_batch_is_null(const laminar_batch* batch, uint32_t row, uint32_t column);
/* Integers, BOOLEAN, DATE (days), TIME and TIMESTAMP (microseconds; nanoseconds of precision 7 to 9) as they are;
 * FLOAT, DOUBLE and DECIMAL cut toward zero and to the range. 0 for NULL and other types. */
LAMINAR_API int64_t laminar_batch_int64(const laminar_batch* batch, uint32_t row, uint32_t column);
/* Numbers, BOOLEAN and the counts of times as the nearest double. NaN for NULL and other types. */
LAMINAR_API double laminar_batch_double(const laminar_batch* batch, uint32_t row, uint32_t column);
/* The value of any type as text, as CAST(x AS VARCHAR) writes it, ended by a 0 byte; `length` may be NULL. NULL
 * for NULL. Valid as long as the batch. */
LAMINAR_API const char* laminar_batch_text(laminar_batch* batch, uint32_t row, uint32_t column, size_t* length);
/* The rows as an Arrow struct array, without copying them; `schema` may be NULL. The caller releases both. The
 * rows of a result's batch move out of it: it has none afterwards, and its texts and weights stay valid. Rows a
 * subscriber is shown are copied. */
LAMINAR_CHECKED laminar_error* laminar_batch_export(laminar_batch* batch, struct ArrowArray* array,
                                                    struct ArrowSchema* schema);
/* For batches of results; a subscriber's batch is the database's. */
LAMINAR_API void laminar_batch_free(laminar_batch* batch);

/* --- rows in -------------------------------------------------------------------------------------------------- */

/* Rows for a table or a source with connector = 'memory'. When a push returns, every view has taken the rows in
 * and every subscriber has seen what changed.
 *
 * A struct array of any length; array and schema are taken over, also on errors. Columns are found by name, in any
 * order (by position if the array names none); types must be the columns' own. Fixed-width values are not copied
 * but for the last 1023 rows. Rows go in 1024 at a time: an error names how many did, `rows` (may be NULL) too. */
LAMINAR_CHECKED laminar_error* laminar_push_arrow(laminar_database* database, const char* relation,
                                                  struct ArrowSchema* schema, struct ArrowArray* array, uint64_t* rows);
/* A promise of the program: no row with an earlier event time follows. */
LAMINAR_CHECKED laminar_error* laminar_push_watermark(laminar_database* database, const char* source,
                                                      int64_t timestamp_micros);
/* No more rows will be pushed: windows close, results that read the source come to their end. */
LAMINAR_CHECKED laminar_error* laminar_end_source(laminar_database* database, const char* source);

/* An appender collects rows, value by value in the order of the columns, and pushes them when it holds 1024 and at
 * laminar_appender_flush. After warm-up it allocates nothing. A value of a wrong type is an error and leaves the
 * row as it was. When the relation is dropped, flush answers LDB-R016. */
LAMINAR_CHECKED laminar_error* laminar_appender_open(laminar_database* database, const char* relation,
                                                     laminar_appender** out);
/* Integers of every width (the range is checked), FLOAT and DOUBLE, DECIMAL, BOOLEAN (0 or 1), DATE (days), TIME and
 * TIMESTAMP in the column's unit. */
LAMINAR_CHECKED laminar_error* laminar_append_int64(laminar_appender* appender, int64_t value);
/* FLOAT, DOUBLE, DECIMAL. */
LAMINAR_CHECKED laminar_error* laminar_append_double(laminar_appender* appender, double value);
/* VARCHAR and BINARY as they are; any other type is read from its text. `length` bytes, copied. */
LAMINAR_CHECKED laminar_error* laminar_append_text(laminar_appender* appender, const char* text, size_t length);
/* TIMESTAMP of every precision, with and without time zone. */
LAMINAR_CHECKED laminar_error* laminar_append_timestamp_micros(laminar_appender* appender, int64_t micros);
LAMINAR_CHECKED laminar_error* laminar_append_null(laminar_appender* appender);
/* Ends the row. With columns missing: an error, and the row is dropped. May flush. */
LAMINAR_CHECKED laminar_error* laminar_end_row(laminar_appender* appender);
/* Pushes the rows it holds; after an error they are gone. */
LAMINAR_CHECKED laminar_error* laminar_appender_flush(laminar_appender* appender);
/* Rows that were not flushed are dropped. */
LAMINAR_API void laminar_appender_free(laminar_appender* appender);

/* --- changes out ---------------------------------------------------------------------------------------------- */

/* Shown each change of a view, table or memory source, from now on, in order, on the thread that caused it (inline
 * and pushes: the caller's; sources of a threaded database: its own thread). `changes` is valid during the call.
 * The call holds the database up: it must return soon, and what it asks of the database is answered with LDB-R018.
 * Freeing handles inside it is fine; it happens after the call. */
typedef void (*laminar_on_changes)(void* user, laminar_batch* changes);
LAMINAR_CHECKED laminar_error* laminar_subscribe(laminar_database* database, const char* relation,
                                                 laminar_on_changes callback, void* user, laminar_subscription** out);
/* When it returns no call is running and none will come. */
LAMINAR_API void laminar_subscription_free(laminar_subscription* subscription);

/* --- progress ------------------------------------------------------------------------------------------------- */

typedef struct laminar_source_progress {
  const char* name;
  uint64_t rows;     /* read so far */
  uint64_t bad_rows; /* could not be read; errors('name') shows them */
  int64_t watermark; /* INT64_MIN: none yet; INT64_MAX: ended */
  uint64_t done;     /* of `total`, in the source's own unit; total 0: unknown */
  uint64_t total;
  int has_ended;
} laminar_source_progress;

typedef struct laminar_view_progress {
  const char* name;
  const char* state;    /* "RUNNING", "ERROR", "PAUSED" */
  uint64_t rows_stored;
  uint64_t rows_out;
  int64_t watermark;
} laminar_view_progress;

/* One moment of the whole database. */
LAMINAR_CHECKED laminar_error* laminar_progress_get(laminar_database* database, laminar_progress** out);
/* NULL behind the last. */
LAMINAR_API const laminar_source_progress* laminar_progress_source(const laminar_progress* progress, size_t index);
LAMINAR_API const laminar_view_progress* laminar_progress_view(const laminar_progress* progress, size_t index);
LAMINAR_API void laminar_progress_free(laminar_progress* progress);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LAMINAR_LAMINAR_H */
