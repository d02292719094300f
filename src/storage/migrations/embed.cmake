# Writes storage_migrations.inc: one initialiser a migration. Runs at configure time; a changed file
# configures again. A new migration is a new file and a new line here; an old one never changes.
set(migrations
  0001_initial
  0002_actions
  0003_tool_servers
  0004_memory
  0005_thread_summaries
  0006_keyed_requests
  0007_credential_roles
  0008_permission_agents
  0010_erasure
  0011_entities
  0012_agent_versions
  0013_artifacts
  0014_asked_params
  0015_directories
  0016_user_calls
  0017_documents
  0018_jobs
  0019_budgets
  0020_spans
  0021_job_keys
  0022_routines
  0023_step_providers
  0024_spawned_jobs
  0025_safety_events)

set(migration_rows "")
foreach(name IN LISTS migrations)
  set(file "${CMAKE_CURRENT_LIST_DIR}/${name}.sql")
  string(REGEX MATCH "^[0-9]+" number "${name}")
  math(EXPR number "1${number} - 10000")
  file(READ "${file}" sql)
  string(APPEND migration_rows "{${number}, \"${name}\", R\"sql(${sql})sql\"},\n")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
endforeach()
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/storage_migrations.inc"
     CONTENT "@migration_rows@" @ONLY)
