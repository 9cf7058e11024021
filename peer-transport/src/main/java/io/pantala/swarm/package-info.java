/** Completes a blob from whoever has its blocks. */
@NullMarked
package io.pantala.swarm;

import org.jspecify.annotations.NullMarked;
