import { productOf } from "../../product.js";
import { defects } from "./defects.js";
import { paint } from "./paint.js";
import { plan } from "./plan.js";

export const plate = productOf({ plan, defects, paint });
