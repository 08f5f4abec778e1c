// StoredResult: where the rows of a view or table stand at the end of its chain, so that they can be read at any
// moment; StoredRows: those rows at one moment. Two ways: Materialize keeps them, GroupRows reads them out of the
// groups below.
//
// Law: what is read is the sum of the weights of all changes that were passed on, at the moment it was taken.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "exec/operator.h"

namespace laminar::exec {

// The rows of one instance of the chain. One reader, on any thread; it may outlive the operator.
class StoredPart {
 public:
  virtual ~StoredPart() = default;
  // Fills `out` (the view's types; reset before) with rows from `cursor` on, with weights where a row stands for
  // several. out.rows() == 0: done.
  virtual void Read(uint64_t& cursor, data::BatchBuffer& out) = 0;
};

// All parts, one after the other.
class StoredRows {
 public:
  StoredRows(std::vector<std::unique_ptr<StoredPart>> parts, std::vector<data::Type> types)
      : parts_(std::move(parts)), types_(std::move(types)) {}
  const std::vector<data::Type>& types() const { return types_; }
  void Read(uint64_t& cursor, data::BatchBuffer& out);

 private:
  std::vector<std::unique_ptr<StoredPart>> parts_;
  std::vector<data::Type> types_;
};

class StoredResult : public Operator {
 public:
  // Between events, by the owner.
  virtual std::unique_ptr<StoredPart> TakePart() = 0;
  virtual const std::vector<data::Type>& result_types() const = 0;
  virtual uint64_t negative_rows() const = 0;  // removals of rows that were not there

  // Of all parts of one result.
  static std::shared_ptr<StoredRows> TakeSnapshot(std::span<StoredResult* const> parts);
};

}  // namespace laminar::exec
