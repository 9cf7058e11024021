/** How a node becomes one of a cluster, and stays one: it joins with a token, and renews its certificate. */
@NullMarked
package io.pantala.transport.join;

import org.jspecify.annotations.NullMarked;
