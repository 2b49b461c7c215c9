# `cmake --install`: the program, `sendmail` as a link to it under libexec (operators decide what owns the
# system's sendmail), the manual pages and the systemd unit.
include(GNUInstallDirs)
install(TARGETS waybill RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(CODE "
  file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBEXECDIR}/waybill\")
  file(CREATE_LINK \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/waybill\"
       \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBEXECDIR}/waybill/sendmail\" SYMBOLIC)")
install(FILES "${CMAKE_SOURCE_DIR}/packaging/waybill.service" DESTINATION lib/systemd/system)

find_program(SCDOC scdoc)
if(SCDOC)
  file(GLOB manuals CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/docs/man/*.scd")
  foreach(source ${manuals})
    get_filename_component(page ${source} NAME_WLE)
    string(REGEX MATCH "[0-9]$" section ${page})
    set(made "${CMAKE_BINARY_DIR}/man/${page}")
    add_custom_command(OUTPUT ${made}
                       COMMAND ${CMAKE_COMMAND} -E make_directory "${CMAKE_BINARY_DIR}/man"
                       COMMAND sh -c "'${SCDOC}' < '${source}' > '${made}'" DEPENDS ${source} VERBATIM)
    list(APPEND pages ${made})
    install(FILES ${made} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
  add_custom_target(man ALL DEPENDS ${pages})
endif()
