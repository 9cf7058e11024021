/** Turns a request of an engine into an answer: one blob into an ordered stream of verified bytes, the rest passed on. */
@NullMarked
package io.pantala.proxy.pull;

import org.jspecify.annotations.NullMarked;
