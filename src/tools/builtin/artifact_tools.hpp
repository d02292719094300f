// `generate_artifact` and `revise_artifact`: documents beside the conversation (platos §3.5). They
// are offered to agents that ask for them (core::makes_artifacts).
#pragma once

#include <memory>
#include <vector>

#include "core/artifacts/artifacts.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

// Results, as JSON: {"status":"created"|"revised", "artifactId", "artifactKey", "revision", "kind",
// "createdAt"}, a revision's with "priorRevisionId"; a failure is {"status":"failed", "error"}.
// `artifacts` must outlive the tools.
std::vector<std::unique_ptr<Tool>> artifact_tools(core::Artifacts& artifacts);

}  // namespace colonnade::tools
