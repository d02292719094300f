# Writes storage_migrations.inc: one initialiser a migration, in the order of their numbers. Runs at
# configure time; a changed file configures again.
file(GLOB migration_files CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/[0-9][0-9][0-9][0-9]_*.sql")
list(SORT migration_files)
set(migration_rows "")
foreach(file IN LISTS migration_files)
  get_filename_component(name "${file}" NAME_WE)
  string(REGEX MATCH "^[0-9]+" number "${name}")
  math(EXPR number "1${number} - 10000")
  file(READ "${file}" sql)
  string(APPEND migration_rows "{${number}, \"${name}\", R\"sql(${sql})sql\"},\n")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
endforeach()
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/storage_migrations.inc" CONTENT "@migration_rows@" @ONLY)
