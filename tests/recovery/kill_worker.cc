// The process that tests/recovery/kill.py kills: a database with several threads that each work through a script.
//
//   kill_worker DIRECTORY LOOK BEFORE SCRIPT...
//
// It opens the database, runs the statements of the file BEFORE, prints the answers to those of LOOK and waits for a
// line on its input. Then each SCRIPT is run by a thread of its own, which says "done THREAD N" when its Nth statement
// has returned; a line goes out with one write, so a killed process has said all that it knew. With all scripts done it
// waits for the end of its input and closes in order.
#include <laminar/laminar.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

void Say(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

void Require(laminar_error* error, const std::string& what) {
  if (error == nullptr) return;
  Say("FAILED " + what + ": " + laminar_error_text(error) + "\n");
  std::_Exit(2);
}

std::vector<std::string> Lines(const char* path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void Execute(laminar_connection* connection, const std::string& sql) {
  laminar_result* result = nullptr;
  Require(laminar_execute(connection, sql.c_str(), &result), sql);
  laminar_result_free(result);
}

void PrintRows(laminar_connection* connection, const std::string& sql) {
  laminar_result* result = nullptr;
  Require(laminar_execute(connection, sql.c_str(), &result), sql);
  std::string out;
  for (laminar_batch* batch = nullptr;;) {
    Require(laminar_result_next(result, &batch), sql);
    if (batch == nullptr) break;
    for (uint32_t row = 0; row < laminar_batch_rows(batch); ++row) {
      out += "row";
      for (uint32_t column = 0; column < laminar_batch_column_count(batch); ++column) {
        const char* text = laminar_batch_text(batch, row, column, nullptr);
        out += " " + std::string(text == nullptr ? "NULL" : text);
      }
      out += "\n";
    }
    laminar_batch_free(batch);
  }
  laminar_result_free(result);
  Say(out + "end\n");
}

void Work(laminar_database* database, const char* script, int thread) {
  laminar_connection* connection = nullptr;
  Require(laminar_connect(database, &connection), "connecting");
  int done = 0;
  for (const std::string& sql : Lines(script)) {
    Execute(connection, sql);
    Say("done " + std::to_string(thread) + " " + std::to_string(++done) + "\n");
  }
  laminar_connection_free(connection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: kill_worker DIRECTORY LOOK BEFORE SCRIPT...\n", stderr);
    return 1;
  }
  laminar_options options = {};
  options.struct_size = sizeof(options);
  options.path = argv[1];
  options.worker_cores = 2;
  laminar_database* database = nullptr;
  Require(laminar_open(&options, &database), "opening");
  laminar_connection* connection = nullptr;
  Require(laminar_connect(database, &connection), "connecting");
  Say("open\n");
  for (const std::string& sql : Lines(argv[3])) Execute(connection, sql);
  for (const std::string& sql : Lines(argv[2])) PrintRows(connection, sql);
  Say("looked\n");
  std::string line;
  std::getline(std::cin, line);
  std::vector<std::thread> threads;
  for (int i = 4; i < argc; ++i) threads.emplace_back(Work, database, argv[i], i - 4);
  for (std::thread& thread : threads) thread.join();
  while (std::getline(std::cin, line)) {
  }
  laminar_connection_free(connection);
  laminar_close(database);
  Say("closed\n");
  return 0;
}
