#include "core/models/model_provider.hpp"

#include <algorithm>
#include <stdexcept>

namespace colonnade::core {

void ModelProviders::add(std::unique_ptr<ModelProvider> provider) {
  if (find(provider->name()) != nullptr) {
    throw std::logic_error("two model providers are named " + std::string(provider->name()));
  }
  providers_.push_back(std::move(provider));
}

ModelProvider* ModelProviders::find(std::string_view name) const {
  const std::string_view wanted = name.empty() ? std::string_view(default_) : name;
  const auto found = std::ranges::find_if(
      providers_, [wanted](const auto& provider) { return provider->name() == wanted; });
  return found == providers_.end() ? nullptr : found->get();
}

std::vector<std::string> ModelProviders::names() const {
  std::vector<std::string> out;
  for (const auto& provider : providers_) out.emplace_back(provider->name());
  return out;
}

}  // namespace colonnade::core
