/** Pulls with the engines people use, against the registry Debian ships. */
@NullMarked
package io.pantala.engine;

import org.jspecify.annotations.NullMarked;
