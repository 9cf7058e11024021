package io.pantala.proxy.http;

/** What an engine asks for. */
sealed interface Call permits RegistryCall, Elsewhere {}
