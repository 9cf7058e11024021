package io.pantala.registry;

/** A token service's answer. */
record TokenReply(int status, String body) {}
