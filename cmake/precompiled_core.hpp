// The precompiled header of clean builds (COLONNADE_UNITY), for every folder above core: what most
// files include anyway, and core's own headers that most of them include. An edit of one of those
// compiles everything anew, so builds that are edited in go without.
#pragma once

#include "precompiled.hpp"

#include "core/events/event_feed.hpp"
#include "core/governance/actions.hpp"
#include "core/models/model_provider.hpp"
#include "core/runs/runs.hpp"
#include "core/stores.hpp"
#include "core/tools/tool_runner.hpp"
