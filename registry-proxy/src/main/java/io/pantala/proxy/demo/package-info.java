/** Pantala's main job on one machine, over real sockets: {@code pantala demo}. */
@NullMarked
package io.pantala.proxy.demo;

import org.jspecify.annotations.NullMarked;
