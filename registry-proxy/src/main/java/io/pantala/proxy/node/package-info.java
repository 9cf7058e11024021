/** The roles, wired by hand: a host's proxy, alone or with seeds, and a seed. */
@NullMarked
package io.pantala.proxy.node;

import org.jspecify.annotations.NullMarked;
