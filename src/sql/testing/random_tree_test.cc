#include "sql/testing/random_tree.h"

#include <iterator>
#include <utility>

#include "base/random.h"

namespace laminar::sql {
namespace {

class RandomTree {
 public:
  explicit RandomTree(uint64_t seed) : random_(seed) {}

  ExpressionPtr Expr(int depth) {
    if (depth <= 0 || random_.OneIn(6)) return Leaf();
    using enum ExpressionKind;
    constexpr ExpressionKind kKinds[] = {
        kCall, kCall, kUnary,  kBinary,     kBinary, kBinary,   kAnd,        kOr,    kCast,
        kCase, kIn,   kLike,   kBetween,    kIsNull, kIsBool,   kIsDistinct, kExists, kSubquery,
        kRow,  kArray, kQuantified, kStructLiteral, kMapLiteral, kSubscript, kSlice, kField, kAtTimeZone};
    auto e = Make(kKinds[random_.Below(std::size(kKinds))]);
    Fill(*e, depth - 1);
    return e;
  }

  QueryPtr OutermostQuery(int depth) {
    QueryPtr query = RandomQuery(depth);
    StreamClauses& stream = query->stream;
    stream.emit = static_cast<EmitKind>(random_.Below(7));
    if (stream.emit == EmitKind::kEvery) stream.every = Interval();
    if (stream.emit != EmitKind::kUnspecified && random_.OneIn(4)) stream.delay = Interval();
    if (random_.OneIn(3)) stream.lateness = Interval();
    if (random_.OneIn(3)) stream.late_to = RandomName(2);
    return query;
  }

 private:
  static ExpressionPtr Make(ExpressionKind kind) { return std::make_unique<Expression>(kind, TextPosition{}); }

  std::string Word() {
    constexpr const char* kWords[] = {
        "a",       "b",    "amount", "emit",         "late", "select", "Order", "a b",            "date", "interval",
        "x\"y",    "array", "session", "time",        "rows", "from",   "year",  "\u00e9t\u00e9", "row",  "position",
        "latest",  "over", "filter", "current_date", "1st",  "asof",   "sample", "timestamp",     "lambda"};
    return kWords[random_.Below(std::size(kWords))];
  }
  Name RandomName(uint64_t parts_max) {
    Name name;
    const uint64_t parts = 1 + random_.Below(parts_max);
    for (uint64_t i = 0; i < parts; ++i) name.push_back(Word());
    return name;
  }
  std::string Text() {
    constexpr const char* kTexts[] = {"", "x", "it's", "--", "/*", "a\nb", "$$", "\\", "\"", "\u20ac"};
    return kTexts[random_.Below(std::size(kTexts))];
  }

  std::vector<ExpressionPtr> List(int depth, uint64_t least, uint64_t most) {
    std::vector<ExpressionPtr> list;
    const uint64_t n = least + random_.Below(most - least + 1);
    for (uint64_t i = 0; i < n; ++i) list.push_back(Expr(depth));
    return list;
  }
  void Add(Expression& e, int depth, uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) e.children.push_back(Expr(depth));
  }

  ExpressionPtr Interval() {
    auto e = Make(ExpressionKind::kInterval);
    constexpr std::pair<const char*, const char*> kIntervals[] = {
        {"5", "MINUTE"}, {"1 hour 30 minutes", ""}, {"-1.5", "HOUR"}, {"1-6", "YEAR TO MONTH"}, {"01:30", ""}};
    const auto& [text, unit] = kIntervals[random_.Below(std::size(kIntervals))];
    e->interval = std::make_unique<IntervalValue>();
    e->interval->text = text;
    e->interval->unit = unit;
    return e;
  }

  ExpressionPtr Number() {
    auto e = Make(ExpressionKind::kLiteral);
    constexpr std::pair<const char*, LiteralKind> kNumbers[] = {
        {"0", LiteralKind::kInteger},     {"42", LiteralKind::kInteger},     {"-7", LiteralKind::kInteger},
        {"1.50", LiteralKind::kDecimal},  {"-0.5", LiteralKind::kDecimal},   {"1e+09", LiteralKind::kFloat},
        {"-2.5e-03", LiteralKind::kFloat}, {"9223372036854775808", LiteralKind::kDecimal},
        {"-9223372036854775808", LiteralKind::kInteger}};
    const auto& [text, kind] = kNumbers[random_.Below(std::size(kNumbers))];
    e->literal.kind = kind;
    e->literal.text = text;
    return e;
  }

  ExpressionPtr Leaf() {
    switch (random_.Below(9)) {
      case 0: return Number();
      case 1: return Interval();
      case 2: {
        auto e = Make(ExpressionKind::kParameter);
        e->parameter = static_cast<uint32_t>(1 + random_.Below(9));
        return e;
      }
      case 3: {
        auto e = Make(ExpressionKind::kTypedLiteral);
        e->type = std::make_unique<TypeName>();
        constexpr const char* kTypes[] = {"date", "time", "timestamp", "timestamp with time zone", "json"};
        e->type->name = kTypes[random_.Below(std::size(kTypes))];
        if (e->type->name == "timestamp" && random_.OneIn(2)) e->type->arguments.push_back(3);
        e->literal.kind = LiteralKind::kString;
        e->literal.text = Text();
        return e;
      }
      case 4: {
        auto e = Make(ExpressionKind::kLiteral);
        e->literal.kind = random_.OneIn(2) ? LiteralKind::kNull : LiteralKind::kBoolean;
        e->literal.boolean = e->literal.kind == LiteralKind::kBoolean && random_.OneIn(2);
        return e;
      }
      case 5: {
        auto e = Make(ExpressionKind::kLiteral);
        e->literal.kind = LiteralKind::kString;
        e->literal.text = Text();
        return e;
      }
      default: {
        auto e = Make(ExpressionKind::kColumn);
        e->name = RandomName(3);
        return e;
      }
    }
  }

  TypeName Type(int depth) {
    TypeName type;
    const uint64_t kind = depth > 0 ? random_.Below(6) : 5;
    if (kind == 0) {
      type.name = "array";
      type.children.push_back(Type(depth - 1));
    } else if (kind == 1) {
      type.name = "map";
      type.children.push_back(Type(depth - 1));
      type.children.push_back(Type(depth - 1));
    } else if (kind == 2) {
      type.name = "struct";
      type.field_names = {Word(), Word()};
      type.children.push_back(Type(depth - 1));
      type.children.push_back(Type(depth - 1));
    } else {
      constexpr const char* kTypes[] = {"bigint",  "varchar",                  "double",
                                        "decimal", "timestamp with time zone", "My Type"};
      type.name = kTypes[random_.Below(std::size(kTypes))];
      if (type.name == "decimal") type.arguments = {10, 2};
    }
    return type;
  }

  std::vector<OrderItem> Order(int depth) {
    std::vector<OrderItem> items;
    const uint64_t n = 1 + random_.Below(2);
    for (uint64_t i = 0; i < n; ++i) {
      items.push_back({Expr(depth), random_.OneIn(2), static_cast<NullsOrder>(random_.Below(3))});
    }
    return items;
  }

  FrameBound Bound(int depth) {
    FrameBound bound;
    bound.kind = static_cast<FrameBoundKind>(random_.Below(5));
    const bool counts = bound.kind == FrameBoundKind::kPreceding || bound.kind == FrameBoundKind::kFollowing;
    if (counts) bound.offset = Expr(depth);
    return bound;
  }

  WindowSpec Window(int depth) {
    WindowSpec spec;
    if (random_.OneIn(2)) spec.base = Word();
    if (random_.OneIn(2)) spec.partition_by = List(depth, 1, 2);
    if (random_.OneIn(2)) spec.order_by = Order(depth);
    if (random_.OneIn(2)) {
      spec.frame.emplace();
      spec.frame->unit = static_cast<FrameUnit>(random_.Below(3));
      spec.frame->start = Bound(depth);
      spec.frame->end = Bound(depth);
      spec.frame->exclude = static_cast<FrameExclude>(random_.Below(4));
    }
    return spec;
  }

  void FillCall(Expression& e, int depth) {
    constexpr const char* kFunctions[] = {"f",    "sum",      "left",  "any",         "Weird",        "cast",
                                          "row",  "position", "case",  "extract",     "date",         "array",
                                          "floor", "interval", "exists", "list_filter", "json_extract"};
    e.name.push_back(kFunctions[random_.Below(std::size(kFunctions))]);
    Add(e, depth, 1 + random_.Below(2));
    if (!random_.OneIn(4)) return;
    e.call = std::make_unique<CallDetail>();
    CallDetail& call = *e.call;
    // The functions of special syntax take their first argument before any of this.
    const bool ordinary = e.name[0] != "position" && e.name[0] != "floor";
    if (ordinary) call.distinct = random_.OneIn(3);
    if (ordinary && !call.distinct && random_.OneIn(4)) {
      for (size_t i = 0; i < e.children.size(); ++i) call.argument_names.push_back(Word());
    }
    if (random_.OneIn(3)) call.order_by = Order(depth);
    if (random_.OneIn(3)) call.within_group = Order(depth);
    if (random_.OneIn(3)) call.filter = Expr(depth);
    if (random_.OneIn(5)) call.separator = Text();
    call.null_treatment = static_cast<NullTreatment>(random_.Below(3));
    if (random_.OneIn(3)) call.over = std::make_unique<WindowSpec>(Window(depth));
  }

  void FillUnary(Expression& e, int depth) {
    e.unary = static_cast<UnaryOperator>(random_.Below(4));
    Add(e, depth, 1);
    const Expression& operand = *e.children[0];
    const bool folds = e.unary == UnaryOperator::kNegate && operand.kind == ExpressionKind::kLiteral &&
                       !operand.literal.text.starts_with('-');
    if (folds) e.unary = UnaryOperator::kPlus;
  }

  void Fill(Expression& e, int depth) {
    switch (e.kind) {
      case ExpressionKind::kCall: return FillCall(e, depth);
      case ExpressionKind::kUnary: return FillUnary(e, depth);
      case ExpressionKind::kBinary:
        e.binary = static_cast<BinaryOperator>(random_.Below(29));
        return Add(e, depth, 2);
      case ExpressionKind::kAnd: case ExpressionKind::kOr: return Add(e, depth, 2 + random_.Below(3));
      case ExpressionKind::kCast:
        e.try_cast = random_.OneIn(2);
        e.type = std::make_unique<TypeName>(Type(2));
        return Add(e, depth, 1);
      case ExpressionKind::kCase:
        e.has_operand = random_.OneIn(2);
        e.has_else = random_.OneIn(2);
        return Add(e, depth, 2 + 2 * random_.Below(2) + e.has_operand + e.has_else);
      case ExpressionKind::kBetween: e.negated = random_.OneIn(2); return Add(e, depth, 3);
      case ExpressionKind::kIn:
        e.negated = random_.OneIn(2);
        if (random_.OneIn(3)) {
          e.query = RandomQuery(depth - 2);
          return Add(e, depth, 1);
        }
        Add(e, depth, 2 + random_.Below(2));
        // IN ((SELECT 1)) is IN (SELECT 1).
        if (e.children.size() == 2 && e.children[1]->kind == ExpressionKind::kSubquery) e.children[1] = Leaf();
        return;
      case ExpressionKind::kLike:
        e.negated = random_.OneIn(2);
        e.like = static_cast<LikeKind>(random_.Below(3));
        return Add(e, depth, 2 + random_.Below(2));
      case ExpressionKind::kIsNull: e.negated = random_.OneIn(2); return Add(e, depth, 1);
      case ExpressionKind::kIsBool:
        e.negated = random_.OneIn(2);
        e.truth = static_cast<Truth>(random_.Below(3));
        return Add(e, depth, 1);
      case ExpressionKind::kIsDistinct: e.negated = random_.OneIn(2); return Add(e, depth, 2);
      case ExpressionKind::kExists: case ExpressionKind::kSubquery: e.query = RandomQuery(depth - 2); return;
      case ExpressionKind::kQuantified:
        e.binary = static_cast<BinaryOperator>(random_.Below(6));
        e.quantifier = static_cast<Quantifier>(random_.Below(2));
        Add(e, depth, 1);
        if (random_.OneIn(2)) {
          e.query = RandomQuery(depth - 2);
          return;
        }
        e.children.push_back(Leaf());
        return;
      case ExpressionKind::kStructLiteral:
        Add(e, depth, random_.Below(3));
        for (size_t i = 0; i < e.children.size(); ++i) e.labels.push_back(Word());
        return;
      case ExpressionKind::kMapLiteral: return Add(e, depth, 2 * random_.Below(3));
      case ExpressionKind::kArray: case ExpressionKind::kRow: return Add(e, depth, random_.Below(3));
      case ExpressionKind::kSubscript: case ExpressionKind::kAtTimeZone: return Add(e, depth, 2);
      case ExpressionKind::kSlice:
        Add(e, depth, 3);
        if (random_.OneIn(3)) e.children[1] = nullptr;
        if (random_.OneIn(3)) e.children[2] = nullptr;
        return;
      case ExpressionKind::kField: e.labels.push_back(Word()); return Add(e, depth, 1);
      default: std::unreachable();
    }
  }

  TableRefPtr Table(int depth) {
    auto table = std::make_unique<TableRef>();
    const uint64_t kind = depth > 0 ? random_.Below(5) : 0;
    if (kind == 4) {
      table->kind = TableRefKind::kJoin;
      table->join = std::make_unique<Join>();
      FillJoin(*table->join, depth - 1);
      return table;
    }
    if (kind == 3) {
      table->kind = TableRefKind::kFunction;
      table->function = Make(ExpressionKind::kCall);
      FillCall(*table->function, depth - 1);
      table->function->name[0] = "unnest";
      table->with_ordinality = random_.OneIn(3);
    } else if (kind == 2) {
      table->kind = TableRefKind::kSubquery;
      table->query = RandomQuery(depth - 1);
    } else {
      table->name = RandomName(2);
      if (random_.OneIn(4)) table->as_of = Expr(depth - 1);
      if (table->as_of && random_.OneIn(2)) table->versioned_on = RandomName(1);
      if (random_.OneIn(5)) table->timestamp_by = RandomName(2);
    }
    if (random_.OneIn(2)) table->alias = Word();
    if (!table->alias.empty() && random_.OneIn(4)) table->column_aliases = {Word(), Word()};
    return table;
  }

  void FillJoin(Join& join, int depth) {
    join.kind = static_cast<JoinKind>(random_.Below(7));
    join.left = Table(depth);
    join.right = Table(depth);
    join.asof = (join.kind == JoinKind::kInner || join.kind == JoinKind::kLeft) && random_.OneIn(3);
    if (join.asof) {
      join.match = static_cast<MatchKind>(random_.Below(3));
      if (join.match == MatchKind::kCondition) join.match_arguments = List(depth, 1, 1);
      if (join.match == MatchKind::kNearest && random_.OneIn(2)) join.match_arguments = List(depth, 2, 2);
      if (random_.OneIn(2)) join.tolerance = Interval();
    }
    if (join.kind == JoinKind::kCross) return;
    join.natural = !join.asof && random_.OneIn(6);
    if (join.natural) return;
    if (random_.OneIn(3)) {
      join.using_columns = {Word(), Word()};
    } else {
      join.on = Expr(depth);
    }
  }

  GroupItem Group(int depth) {
    GroupItem item;
    item.kind = static_cast<GroupKind>(random_.Below(4));
    if (item.kind == GroupKind::kExpression) {
      item.expression = Expr(depth);
      return item;
    }
    const uint64_t n = 1 + random_.Below(2);
    for (uint64_t i = 0; i < n; ++i) item.sets.push_back(List(depth, 0, 2));
    return item;
  }

  ExpressionPtr Star() {
    auto star = Make(ExpressionKind::kStar);
    if (random_.OneIn(2)) star->name = RandomName(2);
    if (random_.OneIn(3)) {
      star->star = std::make_unique<StarDetail>();
      star->star->exclude = {Word()};
      if (random_.OneIn(2)) star->star->replace.push_back({Leaf(), Word()});
    }
    return star;
  }

  std::unique_ptr<Select> RandomSelect(int depth) {
    auto select = std::make_unique<Select>();
    select->distinct = random_.OneIn(4);
    if (select->distinct && random_.OneIn(3)) select->distinct_on = List(depth, 1, 2);
    const uint64_t items = 1 + random_.Below(3);
    for (uint64_t i = 0; i < items; ++i) {
      if (random_.OneIn(5)) {
        select->items.push_back({Star(), {}});
      } else {
        select->items.push_back({Expr(depth), random_.OneIn(2) ? Word() : ""});
      }
    }
    const uint64_t tables = random_.Below(3);
    for (uint64_t i = 0; i < tables; ++i) select->from.push_back(Table(depth));
    if (random_.OneIn(2)) select->where = Expr(depth);
    select->group_by_all = random_.OneIn(8);
    const uint64_t groups = select->group_by_all ? 0 : random_.Below(3);
    for (uint64_t i = 0; i < groups; ++i) select->group_by.push_back(Group(depth));
    if (random_.OneIn(6)) {
      select->sample_by = std::make_unique<SampleBy>();
      select->sample_by->interval = Interval();
      if (random_.OneIn(2)) select->sample_by->fill.push_back({FillKind::kConstant, Leaf()});
      if (random_.OneIn(2)) select->sample_by->fill.push_back({FillKind::kPrevious, nullptr});
      select->sample_by->align = static_cast<AlignKind>(random_.Below(3));
      if (select->sample_by->align == AlignKind::kCalendar) select->sample_by->time_zone = "UTC";
    }
    if (random_.OneIn(4)) select->having = Expr(depth);
    if (random_.OneIn(5)) select->windows.push_back({Word(), Window(depth)});
    if (random_.OneIn(5)) select->qualify = Expr(depth);
    return select;
  }

  QueryBodyPtr Body(int depth) {
    auto body = std::make_unique<QueryBody>();
    const uint64_t kind = depth > 0 ? random_.Below(6) : 5;
    if (kind == 0) {
      body->kind = BodyKind::kValues;
      const uint64_t rows = 1 + random_.Below(3);
      for (uint64_t i = 0; i < rows; ++i) body->values.push_back(List(depth - 1, 2, 2));
    } else if (kind == 1) {
      body->kind = BodyKind::kSetOperation;
      body->op = static_cast<SetOperator>(random_.Below(3));
      body->all = random_.OneIn(2);
      const uint64_t inputs = 2 + random_.Below(2);
      for (uint64_t i = 0; i < inputs; ++i) {
        if (random_.OneIn(4)) {
          auto nested = std::make_unique<QueryBody>();
          nested->kind = BodyKind::kNested;
          nested->nested = RandomQuery(depth - 1);
          nested->nested->limit = Leaf();
          body->inputs.push_back(std::move(nested));
        } else {
          body->inputs.push_back(Body(depth - 1));
        }
      }
    } else {
      body->select = RandomSelect(depth - 1);
    }
    return body;
  }

  QueryPtr RandomQuery(int depth) {
    QueryPtr query = MakeQuery();
    if (depth > 0 && random_.OneIn(5)) {
      query->recursive = random_.OneIn(3);
      query->with.push_back({Word(), {}, RandomQuery(depth - 1), {}});
      if (random_.OneIn(2)) query->with[0].columns = {Word(), Word()};
    }
    query->body = Body(depth);
    if (random_.OneIn(4)) query->order_by = Order(depth - 1);
    if (random_.OneIn(4)) query->limit = Expr(depth - 1);
    if (random_.OneIn(6)) query->offset = Expr(depth - 1);
    return query;
  }

  Random random_;
};

}  // namespace

ExpressionPtr RandomExpression(uint64_t seed, int depth) { return RandomTree(seed).Expr(depth); }
QueryPtr RandomStreamQuery(uint64_t seed, int depth) { return RandomTree(seed).OutermostQuery(depth); }

}  // namespace laminar::sql
