// A store as whoever opens it holds it, whatever is behind: its ports, its end, and what an
// operator does with it outside of serving. app/wiring_store makes them.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/stores.hpp"

namespace colonnade::storage {

enum class Durability {
  full,    // what was acknowledged survives a power cut
  normal,  // it survives a killed process; a power cut may take the last transactions, whole
};

class Store {
 public:
  virtual ~Store() = default;
  virtual core::Stores stores() = 0;
  // Commits what was submitted; later units are refused. Reads go on.
  virtual void close() = 0;
};

class Maintenance {
 public:
  virtual ~Maintenance() = default;
  // Brings the schema up to date; makes the store when there is none. conflict when a server uses
  // it or its schema is newer than this program.
  virtual base::Result<void> migrate() = 0;
  // Of what is stored; 0 for an empty store. not_found when there is none.
  virtual base::Result<int> schema() = 0;
  // The newest that this program knows.
  virtual int newest_schema() const = 0;
  // What is wrong, one sentence each; empty when all is well. May run beside a server; reads
  // everything.
  virtual base::Result<std::vector<std::string>> integrity_check() = 0;
  // Copies a consistent state to the file `target`, also while a server writes. conflict when it
  // exists. It is complete and on the disk when this returns, or absent.
  virtual base::Result<void> backup(const std::string& target) = 0;
  // Puts a copy of `source`, a backup, in the store's place, brought up to date and checked before
  // anything of the old one is touched. What was there is kept beside it under the name that is
  // returned; "" when there was nothing. conflict when a server uses the store, or the backup is
  // newer than this program; not_found without a backup; invalid for one that does not pass the
  // check. When it fails, the old store is as it was; only a crash between two renames leaves
  // neither in place, and then this does its work again.
  virtual base::Result<std::string> restore(const std::string& source) = 0;
};

}  // namespace colonnade::storage
