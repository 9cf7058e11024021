/** The upstream registries, and the one client that speaks to them. */
@NullMarked
package io.pantala.registry;

import org.jspecify.annotations.NullMarked;
