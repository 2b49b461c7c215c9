// What most files of most rooms include anyway: read once a build. Never a substitute for a file's own
// includes (the release preset is built without it).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>
