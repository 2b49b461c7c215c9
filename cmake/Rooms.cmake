# waybill_room(NAME DEPS room... LIBS target...): one static library from src/NAME/*.cc, and the tests
# that mirror it: tests/unit/NAME/*_test.cc and tests/property/NAME/*_test.cc.
function(waybill_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cc"
       "${CMAKE_SOURCE_DIR}/src/${name}/*/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)  # a room that is headers only is still a target that others can name
    set(sources "${CMAKE_BINARY_DIR}/empty_room.cc")
    file(WRITE "${sources}" "")
  endif()
  add_library(waybill_${name} STATIC ${sources})
  target_include_directories(waybill_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  foreach(dep ${ROOM_DEPS})
    target_link_libraries(waybill_${name} PUBLIC waybill_${dep})
  endforeach()
  target_link_libraries(waybill_${name} PUBLIC ${ROOM_LIBS})
  waybill_precompiled(waybill_${name} room)
endfunction()

# waybill_tests(KIND): an executable a room from tests/KIND/ROOM/*_test.cc, each case known to ctest, and
# built with the sanitizers by ./test. WAYBILL_TEST_FOLDER is the folder of KIND, for files beside the test.
function(waybill_tests kind)
  file(GLOB rooms RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}/${kind}"
       CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${kind}/*")
  foreach(room ${rooms})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${kind}/${room}/*_test.cc")
    if(sources AND TARGET waybill_${room})
      set(target ${kind}_${room})
      add_executable(${target} ${sources})
      target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
      target_compile_definitions(${target} PRIVATE WAYBILL_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                 WAYBILL_TEST_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/${kind}")
      waybill_sanitized(${target})
      target_link_libraries(${target} PRIVATE waybill_${room} GTest::gmock GTest::gtest_main rapidcheck)
      waybill_precompiled(${target} test)
      # A suite named …Child is what another test starts as a process of its own.
      gtest_discover_tests(${target} TEST_PREFIX "${kind}.${room}." DISCOVERY_TIMEOUT 60 TEST_FILTER "-*Child.*"
                           PROPERTIES TIMEOUT 120 LABELS "${kind}")
    endif()
  endforeach()
endfunction()
