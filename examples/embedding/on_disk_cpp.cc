// A database in a folder: each run of the program counts one visit more. on_disk_cpp [FOLDER]; without one it makes
// three visits to a folder of its own and removes it.
#include <cstdio>
#include <filesystem>
#include <laminar/laminar.hpp>

namespace {

// Opens the folder as a new process would, and leaves it again.
long long Visit(const std::string& folder, const char* page) {
  laminar::Database database(folder);
  laminar::Connection connection = database.connect();
  const laminar_recovery* found = database.recovery();
  if (found->is_new) {
    connection.execute_script(
        "CREATE TABLE visits (page VARCHAR, ts TIMESTAMP);"
        "CREATE MATERIALIZED VIEW pages AS SELECT page, count(*) AS visits FROM visits GROUP BY page");
  } else {
    std::printf("epoch %llu is back, %llu epochs of it from the log, in %lld us\n",
                static_cast<unsigned long long>(found->epoch), static_cast<unsigned long long>(found->log_epochs),
                static_cast<long long>(found->micros));
  }
  laminar::Appender visits = database.appender("visits");
  visits.row(page, "2026-03-02 09:30:00");
  visits.flush();  // on the disk when it returns

  long long all = 0;
  for (const laminar::Row row : connection.execute("SELECT page, visits FROM pages ORDER BY page").rows()) {
    std::printf("  %s %lld\n", std::string(row.text(0)).c_str(), static_cast<long long>(row.int64(1)));
    all += row.int64(1);
  }
  return all;
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count > 1) {
      Visit(words[1], "start");
      return 0;
    }
    const auto folder = std::filesystem::temp_directory_path() / "laminar-example-visits.db";
    std::filesystem::remove_all(folder);
    Visit(folder.string(), "start");
    Visit(folder.string(), "prices");
    const long long all = Visit(folder.string(), "start");
    std::filesystem::remove_all(folder);
    return all == 3 ? 0 : 1;
  } catch (const laminar::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
