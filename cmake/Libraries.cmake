# Third-party libraries, all Debian 12 packages (docs/licences.md lists them). Rooms name them as LIBS.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(RocksDB REQUIRED)
find_package(prometheus-cpp REQUIRED)

function(waybill_pkg target package)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${package})
  add_library(waybill::${target} ALIAS PkgConfig::${target})
endfunction()
waybill_pkg(ldns ldns)
waybill_pkg(unbound libunbound)
waybill_pkg(event libevent)
waybill_pkg(idn2 libidn2)
waybill_pkg(tomlplusplus tomlplusplus)
waybill_pkg(sqlite3 sqlite3)

# The allocator of the daemon: steadier memory under many small, short-lived objects than glibc's.
find_library(JEMALLOC jemalloc)
