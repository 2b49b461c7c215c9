// The file system for tests: in memory, with failures on demand and a power switch.
#include <cerrno>

#include "base/fs.h"

namespace waybill {

class FaultFile final : public WritableFile {
 public:
  FaultFile(FaultFs& fs, std::shared_ptr<FaultFs::Node> node) : fs_(fs), node_(std::move(node)) {}
  Status write(std::string_view octets) override {
    const std::scoped_lock lock(fs_.mutex_);
    if (auto status = fs_.operation("write"); !status) {
      // As a disk that fills up: part of it is there.
      node_->now += octets.substr(0, octets.size() / 2);
      return status;
    }
    node_->now += octets;
    return {};
  }
  Status sync() override {
    const std::scoped_lock lock(fs_.mutex_);
    if (auto status = fs_.operation("sync"); !status) return status;
    node_->synced = node_->now;
    return {};
  }
  Status close() override {
    const std::scoped_lock lock(fs_.mutex_);
    return fs_.operation("close");
  }

 private:
  FaultFs& fs_;
  std::shared_ptr<FaultFs::Node> node_;
};

namespace {
std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}
bool is_child(const std::string& directory, const std::string& path) {
  return path != "/" && parent_of(path) == directory;
}
}  // namespace

void FaultFs::fail_at(uint64_t nth, int error_number) {
  const std::scoped_lock lock(mutex_);
  fail_at_ = nth == 0 ? 0 : operations_ + nth;
  fail_on_ = false;
  error_number_ = error_number;
}

void FaultFs::fail_from(uint64_t nth, int error_number) {
  fail_at(nth, error_number);
  const std::scoped_lock lock(mutex_);
  fail_on_ = true;
}

uint64_t FaultFs::operations() const {
  const std::scoped_lock lock(mutex_);
  return operations_;
}

// REQUIRES: the mutex is held.
Status FaultFs::operation(std::string_view doing) {
  ++operations_;
  const bool fails = fail_at_ != 0 && (operations_ == fail_at_ || (fail_on_ && operations_ > fail_at_));
  if (fails) return std::unexpected(errno_error(doing, error_number_));
  return {};
}

Status FaultFs::parent_exists(const std::string& path) const {
  const std::string parent = parent_of(path);
  if (parent == "/") return {};
  const auto at = now_.find(parent);
  if (at == now_.end()) return std::unexpected(errno_error("open " + parent, ENOENT));
  if (at->second->kind != Kind::directory) return std::unexpected(errno_error("open " + parent, ENOTDIR));
  return {};
}

void FaultFs::crash() {
  const std::scoped_lock lock(mutex_);
  now_ = durable_;
  // What lies in a folder that is gone is gone with it.
  std::erase_if(now_, [this](const auto& entry) {
    for (std::string up = parent_of(entry.first); up != "/"; up = parent_of(up)) {
      if (!now_.contains(up)) return true;
    }
    return false;
  });
  for (auto& [path, node] : now_) node->now = node->synced;
  durable_ = now_;
  fail_at_ = 0;
}

void FaultFs::plant_symlink(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  auto node = std::make_shared<Node>();
  node->kind = Kind::symlink;
  now_[path] = node;
  durable_[path] = node;
}

std::optional<std::string> FaultFs::content(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  const auto at = now_.find(path);
  if (at == now_.end() || at->second->kind != Kind::file) return std::nullopt;
  return at->second->now;
}

Result<std::unique_ptr<WritableFile>> FaultFs::create(const std::string& path, unsigned) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("create"); !status) return std::unexpected(status.error());
  if (auto status = parent_exists(path); !status) return std::unexpected(status.error());
  if (now_.contains(path)) return std::unexpected(errno_error("create " + path, EEXIST));
  auto node = std::make_shared<Node>();
  now_[path] = node;
  return std::make_unique<FaultFile>(*this, std::move(node));
}

Result<std::string> FaultFs::read(const std::string& path, size_t octets_max) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("read"); !status) return std::unexpected(status.error());
  const auto at = now_.find(path);
  if (at == now_.end()) return std::unexpected(errno_error("open " + path, ENOENT));
  if (at->second->now.size() > octets_max) return fail(Errc::invalid, "{} is too large", path);
  return at->second->now;
}

Result<FileSystem::Kind> FaultFs::kind(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("stat"); !status) return std::unexpected(status.error());
  if (path == "/") return Kind::directory;
  const auto at = now_.find(path);
  return at == now_.end() ? Kind::absent : at->second->kind;
}

Result<FileSystem::Info> FaultFs::info(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("stat"); !status) return std::unexpected(status.error());
  if (path == "/") return Info{Kind::directory, 0, 0, 0};
  const auto at = now_.find(path);
  if (at == now_.end()) return Info{};
  const Node& node = *at->second;
  return Info{node.kind, node.now.size(), node.owner, node.group};
}

Status FaultFs::append(const std::string& path, std::string_view octets) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("append"); !status) return status;
  const auto at = now_.find(path);
  if (at == now_.end()) return std::unexpected(errno_error("open " + path, ENOENT));
  if (at->second->kind == Kind::symlink) return std::unexpected(errno_error("open " + path, ELOOP));
  at->second->now += octets;
  return {};
}

void FaultFs::set_owner(const std::string& path, uint32_t owner, uint32_t group) {
  const std::scoped_lock lock(mutex_);
  const auto at = now_.find(path);
  if (at == now_.end()) return;
  at->second->owner = owner;
  at->second->group = group;
}

Status FaultFs::make_directory(const std::string& path, unsigned) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("mkdir"); !status) return status;
  if (auto status = parent_exists(path); !status) return status;
  if (now_.contains(path)) return std::unexpected(errno_error("make folder " + path, EEXIST));
  auto node = std::make_shared<Node>();
  node->kind = Kind::directory;
  now_[path] = std::move(node);
  return {};
}

Status FaultFs::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("rename"); !status) return status;
  if (auto status = parent_exists(to); !status) return status;
  const auto at = now_.find(from);
  if (at == now_.end()) return std::unexpected(errno_error("rename " + from, ENOENT));
  const auto node = at->second;
  now_.erase(at);
  now_[to] = node;
  return {};
}

Status FaultFs::link(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("link"); !status) return status;
  if (auto status = parent_exists(to); !status) return status;
  const auto at = now_.find(from);
  if (at == now_.end()) return std::unexpected(errno_error("link " + from, ENOENT));
  if (now_.contains(to)) return std::unexpected(errno_error("link " + to, EEXIST));
  now_[to] = at->second;
  return {};
}

Status FaultFs::remove(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("remove"); !status) return status;
  if (now_.erase(path) == 0) return std::unexpected(errno_error("remove " + path, ENOENT));
  return {};
}

Status FaultFs::sync_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("sync folder"); !status) return status;
  if (path != "/" && !now_.contains(path)) return std::unexpected(errno_error("sync " + path, ENOENT));
  std::erase_if(durable_, [&](const auto& entry) { return is_child(path, entry.first); });
  for (const auto& [name, node] : now_) {
    if (is_child(path, name)) durable_[name] = node;
  }
  return {};
}

Result<std::vector<std::string>> FaultFs::list(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (auto status = operation("list"); !status) return std::unexpected(status.error());
  std::vector<std::string> names;
  for (const auto& [name, node] : now_) {
    if (is_child(path, name)) names.push_back(name.substr(path == "/" ? 1 : path.size() + 1));
  }
  return names;
}

}  // namespace waybill
