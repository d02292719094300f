#include "core/models/model_provider.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace colonnade::core {

void ModelProviders::add(std::unique_ptr<ModelProvider> provider) {
  const std::unique_lock lock(mutex_);
  if (found(provider->name()) != nullptr) {
    throw std::logic_error("two model providers are named " + std::string(provider->name()));
  }
  providers_.push_back(std::move(provider));
}

ModelProvider* ModelProviders::found(std::string_view name) const {
  const auto at = std::ranges::find_if(
      providers_, [name](const auto& provider) { return provider->name() == name; });
  return at == providers_.end() ? nullptr : at->get();
}

ModelProvider* ModelProviders::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  if (!name.empty()) return found(name);
  ModelProvider* chosen = found(choices_.provider);
  return chosen != nullptr ? chosen : found(default_);
}

void ModelProviders::set_default(std::string name) {
  const std::unique_lock lock(mutex_);
  default_ = std::move(name);
}

std::string ModelProviders::default_name() const {
  const std::shared_lock lock(mutex_);
  return found(choices_.provider) != nullptr ? choices_.provider : default_;
}

std::string ModelProviders::chosen_model(std::string_view provider) const {
  const std::shared_lock lock(mutex_);
  const auto at = choices_.models.find(provider);
  return at == choices_.models.end() ? std::string() : at->second;
}

bool ModelProviders::has_chosen_provider() const {
  const std::shared_lock lock(mutex_);
  return found(choices_.provider) != nullptr;
}

void ModelProviders::choose(ModelChoices choices) {
  const std::unique_lock lock(mutex_);
  choices_ = std::move(choices);
}

std::vector<std::string> ModelProviders::names() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> out;
  for (const auto& provider : providers_) out.emplace_back(provider->name());
  return out;
}

}  // namespace colonnade::core
