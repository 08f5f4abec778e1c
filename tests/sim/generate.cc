#include "generate.h"

#include <algorithm>

#include "base/text.h"

namespace laminar::simulate {

namespace {

constexpr int64_t kStart = 1'700'000'040;  // seconds; a whole minute
const std::vector<ColumnInfo> kColumns = {{"k", ColumnKind::kInt},    {"s", ColumnKind::kText},
                                          {"v", ColumnKind::kInt},    {"d", ColumnKind::kDecimal},
                                          {"f", ColumnKind::kDouble}, {"ts", ColumnKind::kTime}};
constexpr const char* kDefinition =
    "k BIGINT NOT NULL, s VARCHAR, v BIGINT, d DECIMAL(12, 2), f DOUBLE, ts TIMESTAMP NOT NULL";
constexpr const char* kTexts[] = {"a", "b", "cc", "a text that is too long to be kept in place", ""};

std::string TimeText(int64_t seconds) {
  int64_t rest = seconds - 1'699'920'000;  // 2023-11-14 00:00:00
  const int64_t day = 14 + rest / 86400;
  rest %= 86400;
  char text[64];
  std::snprintf(text, sizeof text, "2023-11-%02d %02d:%02d:%02d", static_cast<int>(day), static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return text;
}

std::string Decimal(int64_t cents) {
  return (cents < 0 ? "-" : "") + std::to_string(std::abs(cents) / 100) + "." +
         std::to_string(std::abs(cents) / 10 % 10) + std::to_string(std::abs(cents) % 10);
}

Step Statement(std::string text) {
  Step step;
  step.text = std::move(text);
  return step;
}

bool IsPushed(const RelationInfo& r) { return r.kind == RelationKind::kMemory || r.kind == RelationKind::kChangelog; }
bool IsTable(const RelationInfo& r) { return r.kind == RelationKind::kTable; }
bool IsReadable(const RelationInfo& r) { return r.kind != RelationKind::kSink; }

}  // namespace

std::string RandomSourceFile(Random& random, uint64_t rows) {
  std::string out = "k,s,v,d,f,ts\n";
  int64_t at = kStart;
  for (uint64_t i = 0; i < rows; ++i) {
    at += static_cast<int64_t>(random.Below(3));
    const int64_t when = at - static_cast<int64_t>(random.OneIn(8) ? random.Below(40) : random.Below(3));
    out += std::to_string(random.Below(7)) + "," + (random.OneIn(5) ? "zz" : "y" + std::to_string(random.Below(3))) +
           "," + std::to_string(random.Between(-50, 50)) + "," + Decimal(random.Between(-9999, 9999)) + "," +
           std::to_string(random.Between(-8, 8)) + ".25," + TimeText(std::max(when, kStart)) + "\n";
  }
  return out;
}

const RelationInfo* Generator::Pick(const std::vector<RelationInfo>& relations, bool (*fits)(const RelationInfo&)) {
  std::vector<const RelationInfo*> fitting;
  for (const RelationInfo& relation : relations) {
    if (fits(relation)) fitting.push_back(&relation);
  }
  return fitting.empty() ? nullptr : fitting[random_.Below(fitting.size())];
}

std::string Generator::Timestamp() {
  event_seconds_ += static_cast<int64_t>(random_.Below(3));
  const int64_t behind = static_cast<int64_t>(random_.OneIn(10) ? random_.Below(90) : random_.Below(6));
  return TimeText(kStart + std::max<int64_t>(0, event_seconds_ - behind));
}

std::string Generator::Row() {
  auto or_null = [&](std::string text) { return random_.OneIn(9) ? std::string("NULL") : text; };
  return "(CAST(" + std::to_string(random_.Below(7)) + " AS BIGINT), CAST(" +
         or_null("'" + std::string(kTexts[random_.Below(5)]) + "'") + " AS VARCHAR), CAST(" +
         or_null(std::to_string(random_.Between(-50, 50))) + " AS BIGINT), CAST(" +
         or_null(Decimal(random_.Between(-9999, 9999))) + " AS DECIMAL(12, 2)), CAST(" +
         or_null(std::to_string(random_.Between(-8, 8)) + ".25") + " AS DOUBLE), TIMESTAMP '" + Timestamp() + "')";
}

Step Generator::NewBase(const std::vector<RelationInfo>&) {
  RelationInfo made;
  made.columns = kColumns;
  const std::string watermark =
      std::string(", WATERMARK FOR ts AS ts - INTERVAL '") + std::to_string(random_.Below(12)) + "' SECOND";
  Step step;
  switch (random_.Below(7)) {
    case 0:
    case 1:
      made.kind = RelationKind::kTable;
      made.name = Name("t");
      made.has_key = random_.OneIn(2);
      step.text = "CREATE TABLE " + made.name + " (" + kDefinition + (made.has_key ? ", PRIMARY KEY (k))" : ")");
      break;
    case 2:
    case 3:
    case 4: {
      const bool has_weights = random_.OneIn(3);
      made.kind = has_weights ? RelationKind::kChangelog : RelationKind::kMemory;
      made.name = Name("m");
      made.has_event_time = true;
      made.is_append_only = !has_weights;
      step.text = "CREATE SOURCE " + made.name + " (" + kDefinition + watermark + ") WITH (connector = 'memory'" +
                  (has_weights ? ", changelog = true)" : ")");
      break;
    }
    case 5:
      made.kind = RelationKind::kReader;
      made.name = Name("f");
      made.has_event_time = made.over_reader = made.is_append_only = true;
      step.text = "CREATE SOURCE " + made.name + " (" + kDefinition + watermark +
                  ") WITH (connector = 'file', path = '/in/f" + std::to_string(random_.Below(kSourceFiles)) + ".csv')";
      break;
    default:
      made.kind = RelationKind::kReader;
      made.name = Name("g");
      made.has_event_time = made.over_reader = made.is_append_only = true;
      made.columns = {{"symbol", ColumnKind::kText},
                      {"price", ColumnKind::kDouble},
                      {"volume", ColumnKind::kInt},
                      {"ts", ColumnKind::kTime}};
      step.text =
          "CREATE SOURCE " + made.name + " (symbol VARCHAR, price DOUBLE, volume BIGINT, ts TIMESTAMP" + watermark +
          ") WITH (connector = 'generator', kind = 'trades', symbols = 5, disorder = '3 seconds', interval = '1 " +
          "second', seed = " + std::to_string(random_.Below(1000)) +
          ", rows = " + std::to_string(20 + random_.Below(1500)) + ")";
  }
  step.made = {made};
  return step;
}

std::string Generator::Column(const RelationInfo& from, ColumnKind kind) {
  std::vector<std::string> fitting;
  for (const ColumnInfo& column : from.columns) {
    if (column.kind == kind) fitting.push_back(column.name);
  }
  return fitting.empty() ? "" : fitting[random_.Below(fitting.size())];
}

std::string Generator::Condition(const RelationInfo& from) {
  const std::string number = Column(from, ColumnKind::kInt);
  const std::string text = Column(from, ColumnKind::kText);
  if (!text.empty() && random_.OneIn(3)) return text + " <> 'a'";
  if (number.empty()) return "1 = 1";
  return number + (random_.OneIn(2) ? " % 3 <> " : " > ") + std::to_string(random_.Between(-2, 3));
}

std::string Generator::Aggregates(const RelationInfo& from, std::vector<ColumnInfo>& columns) {
  const std::string suffix = std::to_string(names_);  // names are the view's own: views over views read them
  std::string out = "count(*) AS n" + suffix;
  columns.push_back({"n" + suffix, ColumnKind::kInt});
  const uint64_t count = 1 + random_.Below(4);
  for (uint64_t i = 0; i < count; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i)) + suffix;
    const auto kind = static_cast<ColumnKind>(random_.Below(5));
    const std::string column = Column(from, kind);
    if (column.empty()) continue;
    const bool is_exact = kind == ColumnKind::kInt || kind == ColumnKind::kDecimal;
    static constexpr const char* kAny[] = {"min", "max", "count"};
    const std::string call = is_exact && random_.OneIn(2) ? "sum" : kAny[random_.Below(3)];
    out += ", " + call + "(" + (call == "count" && random_.OneIn(3) ? "DISTINCT " : "") + column + ") AS " + name;
    if (call == "count")
      columns.push_back({name, ColumnKind::kInt});
    else if (call != "sum")
      columns.push_back({name, kind});
  }
  return out;
}

void Generator::MakeFilter(const RelationInfo& from, RelationInfo& view) {
  std::string items;
  for (const ColumnInfo& column : from.columns) {
    if (column.name != "ts" && random_.OneIn(4)) continue;
    items += (items.empty() ? "" : ", ") + column.name;
    view.columns.push_back(column);
  }
  const std::string number = Column(from, ColumnKind::kInt);
  if (!number.empty() && random_.OneIn(3)) {
    items += (items.empty() ? "" : ", ") + number + " + 1 AS x" + std::to_string(names_);
    view.columns.push_back({"x" + std::to_string(names_), ColumnKind::kInt});
  }
  if (items.empty()) {
    items = from.columns[0].name;
    view.columns = {from.columns[0]};
  }
  view.is_append_only = from.is_append_only;
  view.has_event_time = from.has_event_time && !from.over_reader;
  view.select = "SELECT " + items + " FROM " + from.name + " WHERE " + Condition(from);
}

void Generator::MakeGroup(const RelationInfo& from, RelationInfo& view) {
  std::string key = Column(from, random_.OneIn(2) ? ColumnKind::kInt : ColumnKind::kText);
  const bool is_global = key.empty() || random_.OneIn(8);
  if (!is_global) {
    const ColumnInfo& info = *std::ranges::find(from.columns, key, &ColumnInfo::name);
    view.columns.push_back(info);
  }
  const std::string aggregates = Aggregates(from, view.columns);
  view.select = "SELECT " + (is_global ? "" : key + ", ") + aggregates + " FROM " + from.name;
  if (random_.OneIn(3)) view.select += " WHERE " + Condition(from);
  if (!is_global) view.select += " GROUP BY " + key;
  if (!is_global && random_.OneIn(4)) view.select += " HAVING count(*) > 1";
}

std::string Generator::MakeWindow(const RelationInfo& from, RelationInfo& view) {
  const std::string key = random_.OneIn(5) ? "" : Column(from, random_.OneIn(2) ? ColumnKind::kInt : ColumnKind::kText);
  if (!key.empty()) view.columns.push_back(*std::ranges::find(from.columns, key, &ColumnInfo::name));
  view.columns.push_back({"window_start", ColumnKind::kTime});
  const std::string aggregates = Aggregates(from, view.columns);
  const uint64_t slide = 5 * (1 + random_.Below(3));
  std::string window = "TUMBLE(ts, INTERVAL '" + std::to_string(slide) + "' SECOND)";
  if (random_.OneIn(3)) {
    window = "HOP(ts, INTERVAL '" + std::to_string(slide) + "' SECOND, INTERVAL '" +
             std::to_string(slide * (2 + random_.Below(2))) + "' SECOND)";
  }
  view.select = "SELECT " + (key.empty() ? "" : key + ", ") + "window_start, " + aggregates + " FROM " + from.name;
  if (random_.OneIn(4)) view.select += " WHERE " + Condition(from);
  view.select += " GROUP BY " + (key.empty() ? "" : key + ", ") + window;
  std::string tail;
  if (random_.OneIn(3)) tail = " ALLOW LATENESS INTERVAL '" + std::to_string(random_.Below(20)) + "' SECOND";
  static constexpr const char* kEmits[] = {"", " EMIT ON WATERMARK", " EMIT ON WINDOW CLOSE", " EMIT ON UPDATE",
                                           " EMIT FINAL"};
  const uint64_t emit = random_.Below(5);
  view.is_append_only = emit == 2 || emit == 4;
  return tail + kEmits[emit];
}

void Generator::MakeDistinct(const RelationInfo& from, RelationInfo& view) {
  std::string items;
  for (const ColumnInfo& column : from.columns) {
    if (random_.OneIn(2) || view.columns.size() >= 2) continue;
    items += (items.empty() ? "" : ", ") + column.name;
    view.columns.push_back(column);
  }
  if (items.empty()) {
    items = from.columns[0].name;
    view.columns = {from.columns[0]};
  }
  view.select = "SELECT DISTINCT " + items + " FROM " + from.name;
}

void Generator::MakeUnion(const RelationInfo& from, const RelationInfo& other, RelationInfo& view) {
  std::string left, right;
  for (const ColumnKind kind : {ColumnKind::kInt, ColumnKind::kText, ColumnKind::kTime}) {
    const std::string a = Column(from, kind), b = Column(other, kind);
    if (a.empty() || b.empty()) continue;
    const std::string name = "u" + std::to_string(view.columns.size());
    left += (left.empty() ? "" : ", ") + a + " AS " + name;
    right += (right.empty() ? "" : ", ") + b + " AS " + name;
    view.columns.push_back({name, kind});
  }
  if (left.empty()) return MakeFilter(from, view);
  view.is_append_only = from.is_append_only && other.is_append_only;
  view.reads.push_back(other.name);
  view.select = "SELECT " + left + " FROM " + from.name + " UNION ALL SELECT " + right + " FROM " + other.name;
}

void Generator::MakeTop(const RelationInfo& from, RelationInfo& view) {
  std::string items, order;
  for (const ColumnInfo& column : from.columns) {
    items += (items.empty() ? "" : ", ") + column.name;
    order += (order.empty() ? "" : ", ") + column.name + (random_.OneIn(2) ? " DESC" : "");
    view.columns.push_back(column);
  }
  view.select = "SELECT " + items + " FROM " + from.name + " ORDER BY " + order + " LIMIT " +
                std::to_string(1 + random_.Below(6));
}

Step Generator::NewView(const std::vector<RelationInfo>& relations, const std::vector<Step>& steps) {
  std::vector<const RelationInfo*> fitting;
  for (const RelationInfo& relation : relations) {
    // Who comes late to changes would be told that rows go which it has not seen.
    const bool has_spoken = relation.kind == RelationKind::kChangelog && std::ranges::any_of(steps, [&](const Step& s) {
                              return s.kind == StepKind::kPush && s.target == relation.name;
                            });
    if (IsReadable(relation) && !has_spoken) fitting.push_back(&relation);
  }
  if (fitting.empty()) return {};
  const RelationInfo& from = *fitting[random_.Below(fitting.size())];
  RelationInfo view;
  view.kind = RelationKind::kView;
  view.name = Name("v");
  view.reads = {from.name};
  view.over_reader = from.over_reader;
  const uint64_t form = random_.Below(10);
  std::string tail;
  bool is_window = false;
  if (form < 4 && from.has_event_time) {
    tail = MakeWindow(from, view);
    is_window = true;
  } else if (form < 6) {
    MakeGroup(from, view);
  } else if (form == 6) {
    MakeDistinct(from, view);
  } else if (form == 7) {
    const RelationInfo& other = *fitting[random_.Below(fitting.size())];
    MakeUnion(from, other, view);
    view.over_reader |= other.over_reader;
  } else if (form == 8) {
    MakeTop(from, view);
  } else {
    MakeFilter(from, view);
  }
  view.is_like_batch = !is_window && !IsPushed(from) && std::ranges::none_of(view.reads, [&](const std::string& read) {
    return IsPushed(*FindRelation(relations, read));
  });
  Step step = Statement("CREATE MATERIALIZED VIEW " + view.name + " AS " + view.select + tail);
  step.made = {view};
  return step;
}

Step Generator::NewSink(const std::vector<RelationInfo>& relations) {
  const RelationInfo* from = Pick(relations, [](const RelationInfo& r) { return r.kind == RelationKind::kView; });
  if (from == nullptr) return {};
  RelationInfo sink;
  sink.kind = RelationKind::kSink;
  sink.name = Name("o");
  sink.reads = {from->name};
  sink.over_reader = from->over_reader;
  sink.path = "/out/" + sink.name + ".csv";
  sink.has_envelope = !from->is_append_only || random_.OneIn(3);
  Step step = Statement("CREATE SINK " + sink.name + " FROM " + from->name + " WITH (connector = 'file', path = '" +
                        sink.path + "'" + (sink.has_envelope ? ", envelope = 'changelog')" : ")"));
  step.made = {sink};
  return step;
}

Step Generator::Drop(const std::vector<RelationInfo>& relations) {
  const bool is_small = !random_.OneIn(4);
  const RelationInfo* victim =
      is_small ? Pick(relations, [](const RelationInfo& r) { return r.kind >= RelationKind::kView; })
               : Pick(relations, [](const RelationInfo&) { return true; });
  if (victim == nullptr) return {};
  static constexpr const char* kWhat[] = {"TABLE", "SOURCE", "SOURCE", "SOURCE", "MATERIALIZED VIEW", "SINK"};
  const bool cascades = victim->kind != RelationKind::kSink;
  Step step = Statement(std::string("DROP ") + kWhat[static_cast<size_t>(victim->kind)] + " " + victim->name +
                        (cascades ? " CASCADE" : ""));
  step.dropped = WithDependents(relations, victim->name);
  return step;
}

Step Generator::Insert(const std::vector<RelationInfo>& relations) {
  const RelationInfo* table = Pick(relations, IsTable);
  if (table == nullptr) return {};
  std::string text = "INSERT INTO " + table->name + " VALUES ";
  const uint64_t rows = 1 + random_.Below(random_.OneIn(10) ? 200 : 8);
  for (uint64_t i = 0; i < rows; ++i) text += (i == 0 ? "" : ", ") + Row();
  return Statement(text);
}

// Keys come again in it and in other steps. Of a bad row no batch before it knows.
std::string Generator::Series(uint64_t rows, bool is_bad) {
  const uint64_t first = random_.Below(random_.OneIn(2) ? 3 : 2000);
  const std::string keys = std::to_string(1 + random_.Below(random_.OneIn(2) ? 20 : 4000));
  const std::string bad = std::to_string(first + random_.Below(rows));
  std::string number = "g % 101 - 50";
  std::string decimal = "CAST(g % 1000 AS DECIMAL(12, 2))";
  if (is_bad) {
    switch (random_.Below(3)) {
      case 0: number = "100 / (g - " + bad + ")"; break;
      case 1: number = "CAST(CASE WHEN g = " + bad + " THEN 'x' ELSE '1' END AS BIGINT)"; break;
      default: decimal = "CAST(CASE WHEN g = " + bad + " THEN 99999999999 ELSE g END AS DECIMAL(12, 2))";
    }
  }
  const std::string length = std::to_string(random_.Below(random_.OneIn(4) ? 200 : 20));
  const std::string when = Timestamp();
  event_seconds_ += static_cast<int64_t>(random_.Below(5));
  return "SELECT g % " + keys + ", repeat('x', " + length + ") || (g % 5), " + number + ", " + decimal +
         ", CAST(g % 16 AS DOUBLE), TIMESTAMP '" + when + "' + (g % " + std::to_string(1 + random_.Below(10)) +
         ") * INTERVAL '1' SECOND FROM (SELECT generate_series AS g FROM generate_series(" + std::to_string(first) +
         ", " + std::to_string(first + rows - 1) + "))";
}

Step Generator::InsertBatches(const std::vector<RelationInfo>& relations) {
  const RelationInfo* target =
      random_.OneIn(5) ? Pick(relations, [](const RelationInfo& r) { return r.kind == RelationKind::kMemory; })
                       : Pick(relations, IsTable);
  if (target == nullptr) return {};
  // From a table that has a key: of others the order of rows, which decides what upserts leave, is nobody's promise.
  const RelationInfo* from = Pick(relations, [](const RelationInfo& r) { return IsTable(r) && r.has_key; });
  const std::string head = "INSERT INTO " + target->name + " ";
  const uint64_t form = random_.Below(6);
  if (form == 0 && IsTable(*target)) {
    const uint64_t rows = 20 + random_.Below(100);
    std::string text = head + "VALUES ";
    for (uint64_t i = 0; i < rows; ++i) text += (i == 0 ? "" : ", ") + Row();
    return Statement(text);
  }
  if (form == 1 && from != nullptr && IsTable(*target)) {
    return Statement(head + "SELECT k + " + std::to_string(random_.Below(9)) + ", s, v, d, f, ts FROM " + from->name +
                     " WHERE k % 3 <> " + std::to_string(random_.Below(3)));
  }
  const bool is_bad = random_.OneIn(4);
  // A batch has 1024 rows, if there are as many.
  const uint64_t rows = random_.OneIn(2) ? 1025 + random_.Below(4000) : 20 + random_.Below(300);
  Step step = Statement(head + Series(rows, is_bad));
  step.is_bad = is_bad;
  return step;
}

// Many rows, or long texts: either takes blocks of state, which a table has when it is larger than half a megabyte.
// Keys come again from one such step to the next.
Step Generator::InsertMany(const std::vector<RelationInfo>& relations) {
  const RelationInfo* target = Pick(relations, [](const RelationInfo& r) {
    return r.kind == RelationKind::kTable || r.kind == RelationKind::kMemory;
  });
  if (target == nullptr) return {};
  const bool is_long = random_.OneIn(2);
  const bool is_table = target->kind == RelationKind::kTable;
  const uint64_t rows = is_long    ? 40 + random_.Below(80)
                        : is_table ? 1024 * (1 + random_.Below(3))
                                   : 3000 + random_.Below(6000);
  const uint64_t length = is_long ? 6000 + random_.Below(18'000) : random_.Below(60);
  const std::string first = std::to_string(random_.Below(is_table ? 8 : 3) * (is_table ? 1024 : 5000));
  const std::string keys = std::to_string(1 + random_.Below(random_.OneIn(3) ? 20 : 30'000));
  return Statement("INSERT INTO " + target->name + " SELECT g % " + keys + ", repeat('x', " + std::to_string(length) +
                   ") || (g % " + keys + "), g % 101 - 50, CAST(g % 1000 AS DECIMAL(12, 2)), CAST(g % 16 AS DOUBLE), " +
                   "TIMESTAMP '" + Timestamp() + "' FROM (SELECT generate_series AS g FROM generate_series(" + first +
                   ", " + first + " + " + std::to_string(rows - 1) + "))");
}

Step Generator::Push(const std::vector<RelationInfo>& relations, const std::vector<Step>& steps) {
  const RelationInfo* source = Pick(relations, IsPushed);
  if (source == nullptr) return {};
  Step step;
  step.kind = StepKind::kPush;
  step.target = source->name;
  std::vector<std::string> there;  // what may be taken back
  if (source->kind == RelationKind::kChangelog) {
    for (const Step& old : steps) {
      if (old.kind != StepKind::kPush || old.target != source->name) continue;
      for (size_t i = 0; i < old.rows.size(); ++i) {
        if (old.weights[i] > 0) {
          there.push_back(old.rows[i]);
        } else if (const auto gone = std::ranges::find(there, old.rows[i]); gone != there.end()) {
          there.erase(gone);
        }
      }
    }
  }
  const uint64_t rows = 1 + random_.Below(random_.OneIn(10) ? 300 : 10);
  for (uint64_t i = 0; i < rows; ++i) {
    const bool takes_back = !there.empty() && random_.OneIn(3);
    if (takes_back) {
      const auto at = there.begin() + static_cast<std::ptrdiff_t>(random_.Below(there.size()));
      step.rows.push_back(*at);
      there.erase(at);
    } else {
      step.rows.push_back(Row());
    }
    if (source->kind == RelationKind::kChangelog) step.weights.push_back(takes_back ? -1 : 1);
  }
  return step;
}

Step Generator::Watermark(const std::vector<RelationInfo>& relations) {
  const RelationInfo* source = Pick(relations, IsPushed);
  if (source == nullptr) return {};
  Step step;
  step.kind = StepKind::kWatermark;
  step.target = source->name;
  step.watermark = (kStart + event_seconds_ - 10 + static_cast<int64_t>(random_.Below(15))) * kSecond;
  return step;
}

}  // namespace laminar::simulate
